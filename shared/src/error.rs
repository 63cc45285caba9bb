//! The error type of the backend, and its form for clients.

use std::borrow::Cow;
use std::time::Duration;

use mongodb::error::{ErrorKind, RETRYABLE_ERROR, RETRYABLE_WRITE_ERROR, WriteFailure};

/// The result of a handler.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The underlying cause of a failure that is not the caller's fault. It is logged once and never
/// sent.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The reason why a request or a frame fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A query parameter is missing or malformed.
    #[error("{0}")]
    BadParameter(Reason),
    /// The credentials are missing, invalid or expired.
    #[error("{0}")]
    Unauthorized(Reason),
    /// The caller is known, but may not do this.
    #[error("{0}")]
    Forbidden(Reason),
    /// The requested resource does not exist.
    #[error("{0}")]
    NotFound(Reason),
    /// The request conflicts with something that already exists.
    #[error("{0}")]
    Conflict(Reason),
    /// The body exceeds the limit of the endpoint, in bytes.
    #[error("the body is over the limit of {0} bytes")]
    TooLarge(usize),
    /// The endpoint does not accept bodies of this media type.
    #[error("{0}")]
    UnsupportedMedia(Reason),
    /// The body or the frame fails validation.
    #[error("{0}")]
    Invalid(Reason),
    /// The caller must wait.
    #[error("too many requests: try again in {} seconds", .retry_after.as_secs())]
    TooMany {
        /// The time to wait.
        retry_after: Duration,
    },
    /// The database, the mail server or the `@connections` API could not be reached in time.
    #[error("the service is unavailable for the moment: try again")]
    Unavailable(#[source] Cause),
    /// A bug.
    #[error("something went wrong on our side")]
    Internal(#[source] Cause),
}

/// The reason for a refusal: a code for programs and a message for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    code: &'static str,
    message: Cow<'static, str>,
    chat: Option<String>,
}

impl Reason {
    /// Creates a reason with a fixed message.
    pub const fn new(code: &'static str, message: &'static str) -> Self {
        Self { code, message: Cow::Borrowed(message), chat: None }
    }

    /// Creates a reason whose message depends on the request.
    pub const fn dynamic(code: &'static str, message: String) -> Self {
        Self { code, message: Cow::Owned(message), chat: None }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// The `Retry-After` of a client if the database or the mail server is unavailable.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(5);

impl Error {
    /// Creates the error for a query that fails validation.
    pub fn bad_parameter(message: impl Into<String>) -> Self {
        Self::BadParameter(Reason::dynamic("badParameter", message.into()))
    }

    /// Creates the error for a body or a frame that fails validation.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(Reason::dynamic("invalidInput", message.into()))
    }

    /// Returns the HTTP status of this error. Sockets use the same numbers.
    pub fn status(&self) -> u16 {
        match self {
            Self::BadParameter(_) => 400,
            Self::Unauthorized(_) => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound(_) => 404,
            Self::Conflict(_) => 409,
            Self::TooLarge(_) => 413,
            Self::UnsupportedMedia(_) => 415,
            Self::Invalid(_) => 422,
            Self::TooMany { .. } => 429,
            Self::Internal(_) => 500,
            Self::Unavailable(_) => 503,
        }
    }

    /// Returns the stable code that clients compare instead of the message.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadParameter(reason)
            | Self::Unauthorized(reason)
            | Self::Forbidden(reason)
            | Self::NotFound(reason)
            | Self::Conflict(reason)
            | Self::UnsupportedMedia(reason)
            | Self::Invalid(reason) => reason.code,
            Self::TooLarge(_) => "tooLarge",
            Self::TooMany { .. } => "tooManyRequests",
            Self::Internal(_) => "internal",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// Adds the id of the chat that a conflict is about.
    pub fn about_chat(self, chat: impl ToString) -> Self {
        match self {
            Self::Conflict(reason) => Self::Conflict(Reason { chat: Some(chat.to_string()), ..reason }),
            other => other,
        }
    }

    /// Returns the id of the chat that a conflict is about, if it is about one.
    pub fn chat(&self) -> Option<&str> {
        match self {
            Self::Conflict(reason) => reason.chat.as_deref(),
            _ => None,
        }
    }

    /// Returns the value of `Retry-After`, for errors that a retry can resolve.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany { retry_after } => Some(*retry_after),
            Self::Unavailable(_) => Some(RETRY_UNAVAILABLE),
            _ => None,
        }
    }

    /// Logs the cause, if any. A caller's mistakes are not logged.
    pub fn log(&self) {
        match self {
            Self::Unavailable(cause) => {
                tracing::error!(status = self.status(), cause = %Chain(cause.as_ref()), "unavailable")
            }
            Self::Internal(cause) => {
                tracing::error!(status = self.status(), cause = %Chain(cause.as_ref()), "internal error")
            }
            _ => {}
        }
    }
}

/// The codes of failures that are over soon: of servers that start, stop, step down or do not hear from
/// each other, of commands that were interrupted or took too long, and of cursors that ended with the
/// server or the shard that had them. The driver's own list is private.
/// <https://www.mongodb.com/docs/manual/reference/error-codes/>
const TRANSIENT_CODES: [i32; 27] = [
    6,     // HostUnreachable
    7,     // HostNotFound
    43,    // CursorNotFound
    50,    // MaxTimeMSExpired
    63,    // StaleShardVersion
    89,    // NetworkTimeout
    91,    // ShutdownInProgress
    112,   // WriteConflict
    133,   // FailedToSatisfyReadPreference
    134,   // ReadConcernMajorityNotAvailableYet
    150,   // StaleEpoch
    175,   // QueryPlanKilled
    189,   // PrimarySteppedDown
    202,   // NetworkInterfaceExceededTimeLimit
    234,   // RetryChangeStream
    237,   // CursorKilled
    262,   // ExceededTimeLimit
    290,   // TransactionExceededLifetimeLimitSeconds
    9001,  // SocketException
    10058, // LegacyNotPrimary
    10107, // NotWritablePrimary
    11600, // InterruptedAtShutdown
    11601, // Interrupted
    11602, // InterruptedDueToReplStateChange
    13388, // StaleConfig
    13435, // NotPrimaryNoSecondaryOk
    13436, // NotPrimaryOrSecondary
];

impl From<mongodb::error::Error> for Error {
    /// Maps a database that cannot be reached, is changing its primary, or does not confirm a write, to
    /// [`Error::Unavailable`], and everything else to [`Error::Internal`]. The driver is built with
    /// `redact-errors`, so its errors contain no documents.
    fn from(error: mongodb::error::Error) -> Self {
        let is_transient = match &*error.kind {
            ErrorKind::Io(_)
            | ErrorKind::ServerSelection { .. }
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::Authentication { .. }
            | ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
            ErrorKind::Command(error) => TRANSIENT_CODES.contains(&error.code),
            ErrorKind::InsertMany(error) => error.write_concern_error.is_some() && error.write_errors.is_none(),
            _ => false,
        } || error.contains_label(RETRYABLE_WRITE_ERROR)
            || error.contains_label(RETRYABLE_ERROR);
        if is_transient { Self::Unavailable(error.into()) } else { Self::Internal(error.into()) }
    }
}

/// Displays an error and its chain of causes on one line.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use mongodb::bson::{self, doc};

    use super::*;

    #[test]
    fn a_database_that_is_changing_its_primary_is_unavailable() {
        let command = |code: i32| {
            let reply = doc! { "code": code, "codeName": "Name", "errmsg": "the reason" };
            ErrorKind::Command(bson::deserialize_from_document(reply).unwrap())
        };
        let concern = |code: i32| {
            let reply = doc! { "code": code, "codeName": "Name", "errmsg": "the reason" };
            ErrorKind::Write(WriteFailure::WriteConcernError(bson::deserialize_from_document(reply).unwrap()))
        };
        let write = |code: i32| {
            let reply = doc! { "code": code, "errmsg": "the reason" };
            ErrorKind::Write(WriteFailure::WriteError(bson::deserialize_from_document(reply).unwrap()))
        };
        let unauthorized = 13;
        let invalid = 2;
        let table = [
            (ErrorKind::Io(Arc::new(io::ErrorKind::TimedOut.into())), 503),
            (concern(64), 503),
            (concern(91), 503),
            (concern(100), 503),
            (write(11000), 500),
            (command(invalid), 500),
            (command(unauthorized), 500),
            (ErrorKind::Shutdown, 500),
        ];
        let states = [11600, 11602, 10107, 13435, 13436, 91, 189, 6, 7, 89, 9001, 50, 262, 134, 43];
        let states = states.map(|code| (command(code), 503));
        for (kind, status) in table.into_iter().chain(states) {
            let text = format!("{kind:?}");
            let error = mongodb::error::Error::from(kind);
            assert_eq!(Error::from(error).status(), status, "{text}");
        }
    }

    #[test]
    fn every_error_has_the_status_of_the_contract() {
        let reason = || Reason::new("code", "message");
        let cause = || Cause::from("the cause");
        let table = [
            (Error::BadParameter(reason()), 400),
            (Error::Unauthorized(reason()), 401),
            (Error::Forbidden(reason()), 403),
            (Error::NotFound(reason()), 404),
            (Error::Conflict(reason()), 409),
            (Error::TooLarge(1), 413),
            (Error::UnsupportedMedia(reason()), 415),
            (Error::Invalid(reason()), 422),
            (Error::TooMany { retry_after: Duration::from_secs(30) }, 429),
            (Error::Internal(cause()), 500),
            (Error::Unavailable(cause()), 503),
        ];
        for (error, status) in table {
            assert_eq!(error.status(), status, "{error:?}");
            assert_eq!(error.retry_after().is_some(), matches!(status, 429 | 503), "Retry-After of {error:?}");
            assert!(!error.to_string().contains("the cause"), "{error:?} reveals its cause to the client");
        }
    }
}
