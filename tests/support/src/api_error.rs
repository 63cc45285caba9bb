//! The errors of both APIs.

use serde_json::Value;

/// An error of the HTTP API or the WebSocket API.
#[derive(Debug)]
pub struct ApiError {
    /// The stable code that clients can rely on.
    pub code: String,
    /// The message, in English.
    pub message: String,
    /// The chat that it is about, if any.
    pub chat: Option<String>,
}

impl ApiError {
    /// Parses an error, which must have a code in camel case and a message.
    #[track_caller]
    pub(crate) fn read(error: &Value) -> Self {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        let (code, message) = (text("code"), text("message"));
        let is_camel_case = code.starts_with(|char: char| char.is_ascii_lowercase())
            && code.chars().all(|char| char.is_ascii_alphanumeric());
        assert!(is_camel_case, "an error must have a code in camel case: {error}");
        assert!(!message.is_empty(), "an error must have a message: {error}");
        Self { code, message, chat: error["chatId"].as_str().map(str::to_owned) }
    }
}
