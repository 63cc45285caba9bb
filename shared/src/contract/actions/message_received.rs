//! `messageRecieved`, with the reference's spelling.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::description::{Action, Type};
use crate::values::ids::ChatId;
use crate::values::text::MessageText;

/// The name on the wire.
pub(super) const NAME: &str = "messageRecieved";

/// The input of `messageRecieved`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageReceivedInput {
    /// The chat.
    pub chat_id: ChatId,
    /// The text that was received.
    pub message: MessageText,
}

pub(super) fn action() -> Action {
    Action {
        name: NAME,
        summary: "Notifies the others in a room that a message arrived",
        effect: "sends `messageSent` `{chatId, message}` to the others in the room",
        input: Type::input::<MessageReceivedInput>(
            r#"{"action":"messageRecieved","chatId":"65a1b2c3d4e5f60718293a4d","message":"Hello Bob"}"#,
        ),
    }
}
