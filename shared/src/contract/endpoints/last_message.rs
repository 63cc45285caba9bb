//! `GET /api/lastMessage`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{NO_ACCESS_KEY, NO_SUCH_CHAT, NOT_A_MEMBER};
use crate::contract::examples::messages;
use crate::contract::message::ChatMessages;
use crate::values::ids::ChatId;

/// The input of `GET /api/lastMessage`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastMessageInput {
    /// The chat.
    pub chat_id: ChatId,
}

/// The output of `GET /api/lastMessage`.
#[derive(Serialize, JsonSchema)]
pub struct LastMessageOutput {
    /// The chat with its last message, if it has one.
    pub data: ChatMessages,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::new("GET", "/api/lastMessage", Tag::Chats, "Returns the last message of a chat")
        .callers("`access-key`, member", [Some(ACCESS)])
        .query::<LastMessageInput>(r#"{"chatId":"65a1b2c3d4e5f60718293a4d"}"#)
        .effect("`data`: `{\"_id\",\"chats\"}`; `chats` is `[message]`, or `[]` if there is none")
        .returns(LastMessageOutput { data: messages() })
        .bad_parameter(["\"chatId\" is required"])
        .fails([NO_ACCESS_KEY, NOT_A_MEMBER, NO_SUCH_CHAT])
}
