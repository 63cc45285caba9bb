//! Errors that abort a copy.

use std::error::Error;
use std::fmt;

use mongodb::error::ErrorKind;

/// A message for the user.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<mongodb::error::Error> for Failure {
    fn from(error: mongodb::error::Error) -> Self {
        if is_duplicate(&error) {
            return Self::new(
                "something else is writing to the target: another copy, or the rest of one that was just stopped. \
                 Run the same command again to continue.",
            );
        }
        Self(format!("{error}\nRun the same command again to continue."))
    }
}

/// Returns whether documents were not inserted because another process inserted them meanwhile.
fn is_duplicate(error: &mongodb::error::Error) -> bool {
    const DUPLICATE_KEY: i32 = 11000;
    match &*error.kind {
        ErrorKind::InsertMany(error) => error.write_errors.iter().flatten().any(|error| error.code == DUPLICATE_KEY),
        _ => false,
    }
}

impl From<shared::Error> for Failure {
    /// Uses the cause, because the message of a shared error is meant for clients.
    fn from(error: shared::Error) -> Self {
        Self(error.source().map_or_else(|| error.to_string(), ToString::to_string))
    }
}
