//! `typing`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::examples::{ada, chat};
use crate::contract::frame::Event;
use crate::values::ids::{ChatId, UserId};

/// The fields of `typing`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    /// The chat.
    pub chat_id: ChatId,
    /// The user.
    pub user_id: UserId,
    /// Whether the user is typing.
    pub typing: bool,
}

impl Event for Typing {
    const NAME: &'static str = "typing";
}

pub(super) fn event() -> description::Event {
    let example = Typing { chat_id: chat(), user_id: ada(), typing: true };
    description::Event::new("Another user in the room is typing, or has stopped.", &example)
}
