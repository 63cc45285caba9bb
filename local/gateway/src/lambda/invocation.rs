//! The outcome of an invocation.

use std::time::Duration;

use axum::body::Bytes;
use serde::Serialize;

/// The answer of a function.
pub(crate) type Answer = Result<Bytes, InvokeError>;

/// The reason why an invocation has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum InvokeError {
    /// The template has no such function.
    #[error("there is no function {0}")]
    Unknown(String),
    /// The function answered with an error.
    #[error("{0}")]
    Failed(String),
    /// The process ended before it answered.
    #[error("the process ended: {0}")]
    Exited(String),
    /// The function took too long and was killed.
    #[error("timed out after {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Nobody waits for the answer any longer; the function may still be running.
    #[error("API Gateway stopped waiting after {} ms", .0.as_millis())]
    Abandoned(Duration),
    /// The account's limit of concurrent executions is reached.
    #[error("throttled: {0} invocations are running, the limit of the account (--concurrency)")]
    Throttled(usize),
    /// The gateway is shutting down.
    #[error("the gateway is stopping")]
    Stopping,
}

/// The cost of an invocation, as in Lambda's REPORT line.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The function's logical id.
    pub(super) function: String,
    /// The time from the start of the process until it was ready, if this was its first invocation.
    pub(super) init_millis: Option<f64>,
    /// The time that the function took to answer.
    pub(super) millis: f64,
    /// The number of commands that the function sent to the database, if they are counted.
    pub(super) database_commands: Option<u64>,
}

/// A finished invocation.
pub(crate) struct Invoked {
    /// The function's answer.
    pub(crate) answer: Answer,
    /// The cost, if a process ran.
    pub(crate) report: Option<Report>,
}

impl From<InvokeError> for Invoked {
    fn from(error: InvokeError) -> Self {
        Self { answer: Err(error), report: None }
    }
}
