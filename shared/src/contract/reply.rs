//! The form of every reply of the HTTP API.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::error::Error;

/// The output of an endpoint that returns only a message.
#[derive(Serialize, JsonSchema)]
pub struct MessageOutput {
    /// A description of the result.
    pub message: String,
}

/// Returns the JSON of a success: `{"status":true, …}` with the fields of `body`.
///
/// # Errors
/// [`Error::Internal`] if `body` is not an object.
pub fn success(body: impl Serialize) -> Result<String, Error> {
    #[derive(Serialize)]
    struct Success<T> {
        status: bool,
        #[serde(flatten)]
        body: T,
    }
    serde_json::to_string(&Success { status: true, body }).map_err(|error| Error::Internal(error.into()))
}

/// Returns the JSON of a failure:
/// `{"status":false,"error":{"status":422,"code":"…","message":"…"}}`.
pub fn failure(error: &Error) -> String {
    let (status, code, message) = (error.status(), error.code(), Value::from(error.to_string()));
    format!(r#"{{"status":false,"error":{{"status":{status},"code":"{code}","message":{message}}}}}"#)
}
