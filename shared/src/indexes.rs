//! The indexes of all collections.

use mongodb::Database;
use mongodb::bson::Document;

use crate::accounts::{otps, sessions, users};
use crate::chats::{log, marks};
use crate::sockets::connections;

/// Creates all indexes that do not exist yet. Repeating the call changes nothing.
///
/// # Errors
/// The driver's error if the database cannot be reached or has a different index of the same name.
pub async fn ensure(database: &Database) -> mongodb::error::Result<()> {
    let collections = [
        ("users", users::indexes()),
        ("otps", otps::indexes()),
        ("sessions", sessions::indexes()),
        (log::LOG, log::indexes()),
        (marks::MARKS, marks::indexes()),
        ("connections", connections::indexes()),
    ];
    for (name, indexes) in collections {
        database.collection::<Document>(name).create_indexes(indexes).await?;
    }
    Ok(())
}
