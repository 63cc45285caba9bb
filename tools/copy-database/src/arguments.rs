//! The command-line arguments.

use std::path::PathBuf;

use clap::Parser;

/// Copies the database and photos of the Express and Socket.IO backend into a database of this one.
///
/// Users and chats keep their ids, and messages keep their order. You can repeat the command at any
/// time: it adds missing records, applies later changes of users, and leaves everything else
/// unchanged. The old database is only read.
///
/// The output lists each record that is changed or left out, with its collection, its id and the
/// reason.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110, after_help = EXPECTED)]
pub(crate) struct Arguments {
    /// The old database, which is only read: mongodb://HOST/DATABASE (default database: test, as in
    /// mongoose)
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,

    /// The new database: mongodb://HOST/DATABASE (default database: chat, as in the functions)
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,

    /// The old backend's folder of uploaded photos; without it, no photo is copied
    #[arg(long, value_name = "FOLDER")]
    pub(crate) uploads: Option<PathBuf>,

    /// Report what would be copied without writing anything
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Copy even if the new database contains more than an earlier copy of the same source
    #[arg(long)]
    pub(crate) into_existing: bool,

    /// The old collection of users
    #[arg(long, value_name = "NAME", default_value = "users")]
    pub(crate) users_collection: String,

    /// The old collection of chats
    #[arg(long, value_name = "NAME", default_value = "chats")]
    pub(crate) chats_collection: String,

    /// The field of a user that names the photo. If several fields are given, the first one that a
    /// user has is used
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "photo,photoUrl,profile")]
    pub(crate) photo_field: Vec<String>,
}

const EXPECTED: &str = "\
The old database must look like this:
  users  _id, email, fullName, photo, createdAt, updatedAt
         only _id and email are required; photo is the name of a file in the uploads folder, or a
         path or URL that ends with it
  chats  _id, usersId: [two ids of users], chats: [messages], createdAt
         a message is { _id, sendBy, sendTime, message }; _id, sendTime and createdAt are optional
Ids are ObjectIds or 24 hex digits. Times are dates, RFC 3339 strings, or milliseconds. Databases of
another shape can be copied through views.

Exit status: 0 everything was copied, 1 the copy was aborted, 2 invalid arguments, 3 something was
left out.";
