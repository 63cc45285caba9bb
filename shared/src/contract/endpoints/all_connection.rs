//! `GET /api/allConnection`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Output, Tag};
use crate::contract::errors::NO_ACCESS_KEY;
use crate::contract::examples::{TIME, ada_as_friend, chat, message};
use crate::contract::message::Message;
use crate::contract::person::Person;
use crate::values::ids::ChatId;
use crate::values::inbox_cursor::InboxCursor;
use crate::values::limit::Limit;
use crate::values::timestamp::Timestamp;

/// The input of `GET /api/allConnection`.
#[derive(Deserialize, JsonSchema)]
pub struct AllConnectionInput {
    /// The maximum number of chats.
    #[serde(default)]
    pub limit: Limit<1000, 1000>,
    /// The `next` of the previous page.
    pub before: Option<InboxCursor>,
}

/// The output of `GET /api/allConnection`.
#[derive(Serialize, JsonSchema)]
pub struct AllConnectionOutput {
    /// The chats, the most recently active first.
    pub data: Vec<ListedChat>,
    /// The value of `before` for the next page. It is absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InboxCursor")]
    pub next: Option<InboxCursor>,
}

/// A chat in a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedChat {
    /// The id of the chat.
    #[serde(rename = "_id")]
    pub id: ChatId,
    /// The other member.
    pub friend: Person,
    /// The last message, or `[]`.
    pub chats: LastMessage,
    /// The number of messages that the caller has not read; 100 means more than 99.
    #[schemars(range(min = 0, max = 100))]
    pub unread: usize,
    /// The `seq` of the last entry that reached a device of the other member, or 0.
    #[schemars(range(min = 0))]
    pub delivered: i64,
    /// The `seq` of the last entry that the other member has read, or 0.
    #[schemars(range(min = 0))]
    pub read: i64,
    /// The time of the last message, or of the creation of the chat.
    pub last_activity: Timestamp,
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
    let chat = ListedChat {
        id: chat(),
        friend: ada_as_friend(),
        chats: LastMessage::Some(message()),
        unread: 1,
        delivered: 1,
        read: 0,
        last_activity: TIME,
    };
    Endpoint::new("GET", "/api/allConnection", Tag::Chats, summary)
        .callers("`access-key`", [Some(ACCESS)])
        .query::<AllConnectionInput>(r#"{"limit":"50","before":"1700000000120-65a1b2c3d4e5f60718293a4d"}"#)
        .note("before", "a `next`")
        .effect(
            "`data`: `[{\"_id\",\"friend\":{\"_id\",\"fullName\",\"photoUrl\"},\"chats\",\"unread\",\
             \"delivered\",\"read\",\"lastActivity\"}]`, the most recently active first; `chats` is the last message, \
             or `[]`; `unread` counts messages, up to 100; `delivered` and `read` are the other member's. `next`: \
             the next `before`, unless this is the last page; a page may end before `limit`. 204 without a body if \
             there are no chats",
        )
        .returns(AllConnectionOutput { data: vec![chat], next: None })
        .returns_other(Output::NoContent)
        .bad_parameter(["\"before\" must be the next of the previous page"])
        .fails([NO_ACCESS_KEY])
}
