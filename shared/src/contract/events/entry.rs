//! `entry`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::entry::Entry;
use crate::contract::examples::{chat, entry};
use crate::contract::frame::Event;
use crate::values::ids::ChatId;

/// The fields of `entry`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryEvent {
    /// The chat.
    pub chat_id: ChatId,
    /// The entry.
    pub entry: Entry,
}

impl Event for EntryEvent {
    const NAME: &'static str = "entry";
}

pub(super) fn event() -> description::Event {
    let example = EntryEvent { chat_id: chat(), entry: entry() };
    description::Event::new("Something was stored in a chat.", &example)
}
