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
    /// The text. It is empty if the message was deleted.
    #[schemars(length(max = MessageText::MAX))]
    pub message: String,
    /// The position in the chat: 1, 2, 3 …
    #[schemars(range(min = 1))]
    pub seq: i64,
    /// The client's own id for the message, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ClientId")]
    pub client_id: Option<String>,
    /// The `seq` of the message that this one replies to, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64", range(min = 1))]
    pub reply_to: Option<i64>,
    /// The `seq` of the last change of this message, if any. Of two versions of a message, the one
    /// with the larger `changedSeq` is the present one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64", range(min = 1))]
    pub changed_seq: Option<i64>,
    /// `true` if the message was deleted; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub deleted: bool,
    /// The reactions to this message, most frequent first; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub reactions: Vec<Reaction>,
}

/// The members who chose the same reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// The number of members who chose it.
    #[schemars(range(min = 1))]
    pub count: usize,
    /// The first three of these members.
    pub users: Vec<UserId>,
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
