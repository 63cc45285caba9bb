//! `sendMessage`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::description::{Action, Type};
use crate::values::ids::ChatId;
use crate::values::seq::Seq;
use crate::values::text::{ClientId, MessageText};

/// The name on the wire.
pub(super) const NAME: &str = "sendMessage";

/// The input of `sendMessage`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendMessageInput {
    /// The chat.
    pub chat_id: ChatId,
    /// The text.
    pub message: MessageText,
    /// The client's own id for this message, which makes the send safe to repeat.
    pub client_id: ClientId,
    /// The `seq` of the message that this one replies to.
    pub reply_to: Option<Seq>,
}

pub(super) fn action() -> Action {
    Action {
        name: NAME,
        summary: "Stores a message and announces it to all devices of all members",
        effect: "stores the message and sends it to all other devices of the members: `entry` `{chatId, entry}`, or \
                 `chatUpdate` to frontends of the reference in the room. The ack has the `entry` as stored. A repeat \
                 with the same `clientId` changes nothing",
        input: Type::input::<SendMessageInput>(
            r#"{
                "action": "sendMessage",
                "chatId": "65a1b2c3d4e5f60718293a4d",
                "message": "Hello Bob",
                "clientId": "1",
                "ackId": 1
            }"#,
        ),
    }
}
