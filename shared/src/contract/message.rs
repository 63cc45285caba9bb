//! Messages as clients see them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::values::ids::{ChatId, MessageId, UserId};
use crate::values::text::{ClientId, MessageText};
use crate::values::timestamp::Timestamp;

/// A message of a chat.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The id of the message.
    #[serde(rename = "_id")]
    pub id: MessageId,
    /// The user who sent it.
    pub send_by: UserId,
    /// The time at which it was stored.
    pub send_time: Timestamp,
    /// The text.
    #[schemars(with = "MessageText")]
    pub message: String,
    /// The position in the chat: 1, 2, 3 …
    #[schemars(range(min = 1))]
    pub seq: i64,
    /// The client's own id for the message, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ClientId")]
    pub client_id: Option<String>,
}

/// Messages of one chat.
#[derive(Serialize, JsonSchema)]
pub struct ChatMessages {
    /// The id of the chat.
    #[serde(rename = "_id")]
    pub id: ChatId,
    /// The messages, oldest first.
    pub chats: Vec<Message>,
}
