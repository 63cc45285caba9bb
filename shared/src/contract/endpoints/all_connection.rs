//! `GET /api/allConnection`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Output, Tag};
use crate::contract::errors::NO_ACCESS_KEY;
use crate::contract::examples::{ada_as_friend, chat, message};
use crate::contract::message::Message;
use crate::contract::person::Person;
use crate::values::ids::ChatId;

/// The output of `GET /api/allConnection`.
#[derive(Serialize, JsonSchema)]
pub struct AllConnectionOutput {
    /// The chats, the most recently active first.
    pub data: Vec<ListedChat>,
}

/// A chat in a list.
#[derive(Serialize, JsonSchema)]
pub struct ListedChat {
    /// The id of the chat.
    #[serde(rename = "_id")]
    pub id: ChatId,
    /// The other member.
    pub friend: Person,
    /// The last message, or `[]`.
    pub chats: LastMessage,
}

/// A message, or `[]` if there is none: existing frontends check for that.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum LastMessage {
    /// The message.
    Some(Message),
    /// The chat has no message.
    None([(); 0]),
}

pub(super) fn endpoint() -> Endpoint {
    let summary = "Lists the chats of the signed-in user, each with the other member and the last message";
    let chat = ListedChat { id: chat(), friend: ada_as_friend(), chats: LastMessage::Some(message()) };
    Endpoint::new("GET", "/api/allConnection", Tag::Chats, summary)
        .callers("`access-key`", [Some(ACCESS)])
        .effect(
            "`data`: `[{\"_id\",\"friend\":{\"_id\",\"fullName\",\"photoUrl\"},\"chats\"}]`, the most \
             recently active first; `chats` is the last message, or `[]`. 204 without a body if \
             there are no chats",
        )
        .returns(AllConnectionOutput { data: vec![chat] })
        .returns_other(Output::NoContent)
        .fails([NO_ACCESS_KEY])
}
