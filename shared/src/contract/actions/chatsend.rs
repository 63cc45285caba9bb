//! `chatsend`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::description::{Action, Type};
use crate::values::ids::ChatId;
use crate::values::text::MessageText;

/// The name on the wire.
pub(super) const NAME: &str = "chatsend";

/// The input of `chatsend`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatsendInput {
    /// The chat.
    pub chat_id: ChatId,
    /// The text.
    pub message: MessageText,
}

pub(super) fn action() -> Action {
    Action {
        name: NAME,
        summary: "Shows a message to the others in a room at once. `POST /api/sendMessage` stores it",
        effect: "sends `chatUpdate` `{chatId, message}` to the others in the room that are frontends of the \
                 reference. `POST /api/sendMessage` stores the message, and shows it to native clients",
        input: Type::input::<ChatsendInput>(
            r#"{"action":"chatsend","chatId":"65a1b2c3d4e5f60718293a4d","message":"Hello Bob"}"#,
        ),
    }
}
