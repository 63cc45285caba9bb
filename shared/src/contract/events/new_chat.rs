//! `newChat`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::examples::{ada_as_friend, chat};
use crate::contract::frame::Event;
use crate::contract::person::Person;
use crate::values::ids::ChatId;

/// The fields of `newChat`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewChat {
    /// The chat.
    pub chat_id: ChatId,
    /// The other member.
    pub friend: Person,
}

impl Event for NewChat {
    const NAME: &'static str = "newChat";
}

pub(super) fn event() -> description::Event {
    let example = NewChat { chat_id: chat(), friend: ada_as_friend() };
    description::Event::new("A direct chat with the receiver was started.", &example)
}
