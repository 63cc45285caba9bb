//! `leave-chat-room`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::description::{Action, Type};
use crate::values::ids::ChatId;

/// The name on the wire.
pub(super) const NAME: &str = "leave-chat-room";

/// The input of `leave-chat-room`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeaveChatRoomInput {
    /// The chat.
    pub chat_id: ChatId,
}

pub(super) fn action() -> Action {
    Action {
        name: NAME,
        summary: "Leaves the room of a chat",
        effect: "leaves the room; a room that was not joined is no error",
        input: Type::input::<LeaveChatRoomInput>(
            r#"{"action":"leave-chat-room","chatId":"65a1b2c3d4e5f60718293a4d","ackId":1}"#,
        ),
    }
}
