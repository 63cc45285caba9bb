//! `error`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::errors::NOT_IN_ROOM;
use crate::contract::frame::Event;
use crate::error::Error;
use crate::values::ack_id::AckId;

/// The fields of `error`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Error")]
pub struct ErrorEvent {
    /// The action of the frame that was refused, if it named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    action: Option<String>,
    /// The status that the HTTP API has for this error.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// The stable code of this error.
    code: &'static str,
    /// The reason, in English.
    message: String,
    /// The number of the frame that was refused, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AckId")]
    ack_id: Option<AckId>,
}

impl ErrorEvent {
    /// Creates the event that reports `error` to the sender of a frame with this action and
    /// `ackId`.
    pub fn new(action: Option<String>, ack_id: Option<AckId>, error: &Error) -> Self {
        Self { action, status: error.status(), code: error.code(), message: error.to_string(), ack_id }
    }
}

impl Event for ErrorEvent {
    const NAME: &'static str = "error";
}

pub(super) fn event() -> description::Event {
    let example = ErrorEvent::new(Some("chatsend".to_owned()), None, &NOT_IN_ROOM);
    description::Event::new("A frame of the receiver was refused.", &example)
}
