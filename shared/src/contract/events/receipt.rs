//! `receipt`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::examples::{bob, chat};
use crate::contract::frame::Event;
use crate::contract::synced::Marks;
use crate::values::ids::ChatId;

/// The fields of `receipt`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The chat.
    pub chat_id: ChatId,
    /// The watermarks.
    #[serde(flatten)]
    pub marks: Marks,
}

impl Event for Receipt {
    const NAME: &'static str = "receipt";
}

pub(super) fn event() -> description::Event {
    let example = Receipt { chat_id: chat(), marks: Marks { user_id: bob(), delivered: 42, read: 41 } };
    description::Event::new("Messages were delivered to a member, or read by one.", &example)
}
