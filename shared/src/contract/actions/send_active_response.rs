//! `sendActiveResponse`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::description::{Action, Type};
use crate::values::ids::ChatId;

/// The name on the wire.
pub(super) const NAME: &str = "sendActiveResponse";

/// The input of `sendActiveResponse`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendActiveResponseInput {
    /// The chat.
    pub chat_id: ChatId,
}

pub(super) fn action() -> Action {
    Action {
        name: NAME,
        summary: "Notifies the others in a room that the sender is active",
        effect: "sends `recieveUserResponse` `{chatId}` to the others in the room",
        input: Type::input::<SendActiveResponseInput>(
            r#"{"action":"sendActiveResponse","chatId":"65a1b2c3d4e5f60718293a4d"}"#,
        ),
    }
}
