//! The reasons why the events cannot be filled.

use std::io;
use std::path::PathBuf;

/// The reason why the events cannot be filled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the stack at {api} does not answer: {source}; start it with `cargo run`")]
    NoStack { api: String, source: reqwest::Error },
    #[error("{what} failed: {answer}")]
    Refused { what: String, answer: String },
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} is not JSON: {source}", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
}

impl Failure {
    /// Returns the failure of a request with an unexpected answer.
    pub(crate) fn refused(what: impl Into<String>, answer: impl ToString) -> Self {
        Self::Refused { what: what.into(), answer: answer.to_string() }
    }
}
