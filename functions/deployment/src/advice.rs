//! Advice to whoever deploys, if the database refuses to work.

use mongodb::error::ErrorKind;

/// MongoDB's code for a missing permission
/// (<https://www.mongodb.com/docs/manual/reference/error-codes/>).
const UNAUTHORIZED: i32 = 13;

/// Describes a failure and what to do about it. The description never contains the connection
/// string.
pub fn advise(error: &ErrorKind) -> String {
    match error {
        ErrorKind::Authentication { .. } => {
            "the database refuses the user or the password in DATABASE_URL; correct the secret".to_owned()
        }
        ErrorKind::Command(error) if error.code == UNAUTHORIZED => {
            "the user in DATABASE_URL may not create indexes; give it the role readWrite on the database".to_owned()
        }
        ErrorKind::ServerSelection { .. } | ErrorKind::Io(_) => format!(
            "the database in DATABASE_URL cannot be reached; check that it runs and that its network access \
             allows this function: {error}"
        ),
        _ => format!("cannot create the indexes: {error}"),
    }
}
