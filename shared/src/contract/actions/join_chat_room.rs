//! `join-chat-room`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::description::{Action, Type};
use crate::values::ids::ChatId;

/// The name on the wire.
pub(super) const NAME: &str = "join-chat-room";

/// The input of `join-chat-room`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinChatRoomInput {
    /// The chat.
    pub chat_id: ChatId,
}

pub(super) fn action() -> Action {
    Action {
        name: NAME,
        summary: "Joins the room of a chat, whose events this socket then receives",
        effect: "joins the room, for members only; this socket then receives the events of the room. In a direct \
                 chat, the ack of a native client has the `presence` of the other member",
        input: Type::input::<JoinChatRoomInput>(
            r#"{"action":"join-chat-room","chatId":"65a1b2c3d4e5f60718293a4d","ackId":1}"#,
        ),
    }
}
