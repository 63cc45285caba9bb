//! What the command is told.

use std::path::PathBuf;

use clap::Parser;

/// Copies the database and the photos of the Express and Socket.IO backend into a database of this one.
///
/// Users and chats keep their ids, messages their order. It can be run again at any time: it adds what is missing and takes later
/// changes of users; all else stays as it is. The old database is only read.
///
/// Every record that is not taken as it is gets a line with its collection, its id and the reason.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110, after_help = EXPECTED)]
pub(crate) struct Arguments {
    /// The old database, which is only read: mongodb://HOST/DATABASE (without a database: test, as mongoose has it)
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,

    /// The new database: mongodb://HOST/DATABASE (without a database: chat, as the functions have it)
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,

    /// The folder that the old backend keeps uploaded photos in; without it no photo is copied
    #[arg(long, value_name = "FOLDER")]
    pub(crate) uploads: Option<PathBuf>,

    /// Write nothing, but report all the same
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Copy also into a database that holds something other than an earlier copy of the same source
    #[arg(long)]
    pub(crate) into_existing: bool,

    /// The old collection of users
    #[arg(long, value_name = "NAME", default_value = "users")]
    pub(crate) users_collection: String,

    /// The old collection of chats
    #[arg(long, value_name = "NAME", default_value = "chats")]
    pub(crate) chats_collection: String,

    /// The field of a user that names the photo; of several, the first one that a user has
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "photo,photoUrl,profile")]
    pub(crate) photo_field: Vec<String>,
}

const EXPECTED: &str = "\
What is expected of the old database:
  users  _id, email, fullName, photo, createdAt, updatedAt
         all but _id and email may be missing; photo is the name of a file in the uploads folder, or a path or URL that ends in it
  chats  _id, usersId: [two ids of users], chats: [messages], createdAt
         a message is { _id, sendBy, sendTime, message }; _id, sendTime and createdAt may be missing
Ids are ObjectIds or 24 hex digits; times are dates, RFC 3339 texts, or milliseconds. Other shapes can be copied through a view.

Exit status: 0 all was copied, 1 the copy could not be finished, 2 wrong arguments, 3 something was left out.";
