//! `typing`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::description::{Action, Type};
use crate::values::ids::ChatId;

/// The name on the wire.
pub(super) const NAME: &str = "typing";

/// The input of `typing`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TypingInput {
    /// The chat.
    pub chat_id: ChatId,
    /// Whether the user is typing.
    pub typing: bool,
}

pub(super) fn action() -> Action {
    Action {
        name: NAME,
        summary: "Tells whether the user is typing",
        effect: "sends `typing` `{chatId, userId, typing}` to native clients of the others in the room",
        input: Type::input::<TypingInput>(r#"{"action":"typing","chatId":"65a1b2c3d4e5f60718293a4d","typing":true}"#),
    }
}
