//! `chatSettings`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::examples::chat;
use crate::contract::frame::Event;
use crate::contract::synced::ChatSettings;
use crate::values::ids::ChatId;

/// The fields of `chatSettings`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatSettingsChanged {
    /// The chat.
    pub chat_id: ChatId,
    /// The new settings.
    pub settings: ChatSettings,
}

impl Event for ChatSettingsChanged {
    const NAME: &'static str = "chatSettings";
}

pub(super) fn event() -> description::Event {
    let example =
        ChatSettingsChanged { chat_id: chat(), settings: ChatSettings { muted: true, ..ChatSettings::default() } };
    description::Event::new("The user has changed the settings of a chat on another device.", &example)
}
