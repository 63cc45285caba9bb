//! `messageSent`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::examples::{TEXT, chat};
use crate::contract::frame::Event;
use crate::values::ids::ChatId;

/// The fields of `messageSent`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageSent {
    /// The chat.
    pub chat_id: ChatId,
    /// The text of the message.
    pub message: String,
}

impl Event for MessageSent {
    const NAME: &'static str = "messageSent";
}

pub(super) fn event() -> description::Event {
    let example = MessageSent { chat_id: chat(), message: TEXT.to_owned() };
    description::Event::new("Another user received a message.", &example)
}
