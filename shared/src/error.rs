//! The one error of the backend, and what a client is told of it.

use std::borrow::Cow;
use std::time::Duration;

use mongodb::error::ErrorKind;

/// What a handler returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The underlying cause of a failure that is not the caller's: logged once, never sent.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Everything that can go wrong while a request or a frame is handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A query parameter is missing or malformed.
    #[error("{0}")]
    BadParameter(String),
    /// There are no credentials, or they are wrong or expired.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// The caller is known, but may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// What the caller names does not exist.
    #[error("{0}")]
    NotFound(Cow<'static, str>),
    /// It exists already.
    #[error("{0}")]
    Conflict(&'static str),
    /// The body is longer than the endpoint takes; holds the limit in bytes.
    #[error("the body is over the limit of {0} bytes")]
    TooLarge(usize),
    /// The body is of a kind that the endpoint does not take.
    #[error("{0}")]
    UnsupportedMedia(&'static str),
    /// The body fails validation.
    #[error("{0}")]
    Invalid(String),
    /// The caller has to wait.
    #[error("too many requests: try again in {} seconds", .retry_after.as_secs())]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The database, the mail server or the gateway's callback could not be reached in time.
    #[error("the service is unavailable for the moment: try again")]
    Unavailable(#[source] Cause),
    /// A bug.
    #[error("something went wrong on our side")]
    Internal(#[source] Cause),
}

/// How long a client is asked to wait when a server behind this one is away.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(5);

impl Error {
    /// The HTTP status that the contract gives this error; sockets use the same numbers.
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

    /// The value of `Retry-After`, for the errors that pass by themselves.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany { retry_after } => Some(*retry_after),
            Self::Unavailable(_) => Some(RETRY_UNAVAILABLE),
            _ => None,
        }
    }

    /// Logs the cause where there is one: the caller's own mistakes are answered, not logged.
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

impl From<mongodb::error::Error> for Error {
    /// A database that cannot be reached or is changing its primary is unavailable; everything else is a bug.
    /// The driver is built with `redact-errors`, so neither holds a document's contents.
    fn from(error: mongodb::error::Error) -> Self {
        let passing = matches!(
            *error.kind,
            ErrorKind::Io(_)
                | ErrorKind::ServerSelection { .. }
                | ErrorKind::ConnectionPoolCleared { .. }
                | ErrorKind::DnsResolve { .. }
                | ErrorKind::Authentication { .. }
        ) || error.contains_label("RetryableWriteError")
            || error.contains_label("RetryableError");
        if passing { Self::Unavailable(error.into()) } else { Self::Internal(error.into()) }
    }
}

/// An error with everything that caused it, on one line.
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
    use super::*;

    #[test]
    fn every_error_has_the_status_of_the_contract() {
        let cause = || Cause::from("the cause");
        let table = [
            (Error::BadParameter(String::new()), 400),
            (Error::Unauthorized(""), 401),
            (Error::Forbidden(""), 403),
            (Error::NotFound("".into()), 404),
            (Error::Conflict(""), 409),
            (Error::TooLarge(1), 413),
            (Error::UnsupportedMedia(""), 415),
            (Error::Invalid(String::new()), 422),
            (Error::TooMany { retry_after: Duration::from_secs(30) }, 429),
            (Error::Internal(cause()), 500),
            (Error::Unavailable(cause()), 503),
        ];
        for (error, status) in table {
            assert_eq!(error.status(), status, "{error:?}");
            assert_eq!(error.retry_after().is_some(), matches!(status, 429 | 503), "Retry-After of {error:?}");
            assert!(!error.to_string().contains("the cause"), "the cause of {error:?} is told to the client");
        }
    }
}
