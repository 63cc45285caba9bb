//! The form of every reply of the HTTP API.

use schemars::JsonSchema;
use serde::Serialize;

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
/// `{"status":false,"error":{"status":422,"code":"…","message":"…"}}`. A conflict about a chat also has
/// the `chatId`.
pub fn failure(error: &Error) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Failure<'a> {
        status: u16,
        code: &'static str,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        chat_id: Option<&'a str>,
    }
    let (status, code, message) = (error.status(), error.code(), error.to_string());
    let error = serde_json::to_string(&Failure { status, code, message, chat_id: error.chat() });
    format!(r#"{{"status":false,"error":{}}}"#, error.unwrap_or_default())
}
