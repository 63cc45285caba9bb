//! The WebSocket API: the query of the handshake, what clients send beside the `action`, and the events that they receive.
//!
//! A field has the place here that it has among the arguments of `emit`, for clients that pass them by position.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::ids::{ChatId, UserId};
use crate::text::{FullName, MessageText};

/// The actions that clients can send.
pub const ACTIONS: [&str; 5] = ["join-chat-room", "addFriend", "sendActiveResponse", "chatsend", "messageRecieved"];

/// What a socket is opened with.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConnectInput {
    /// The signed-in user.
    pub user_id: UserId,
    /// The name that `newFriend` shows to others.
    pub name: FullName,
    /// A ticket from `POST /api/socketTicket`; not needed where the `access-key` cookie comes along.
    pub ticket: Option<String>,
}

/// What `join-chat-room` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct JoinChatRoomInput {
    /// The chat.
    pub chat_id: ChatId,
}

/// What `addFriend` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AddFriendInput {
    /// The friend, who shares a chat with the sender.
    pub id: UserId,
    /// The sender's name. The friend is shown the name that the sender's socket was opened with.
    pub user_name: FullName,
    /// The friend's name.
    pub friend_name: FullName,
}

/// What `sendActiveResponse` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SendActiveResponseInput {
    /// The chat.
    pub chat_id: ChatId,
}

/// What `chatsend` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChatsendInput {
    /// The chat.
    pub chat_id: ChatId,
    /// What is said.
    pub message: MessageText,
}

/// What `messageRecieved` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MessageRecievedInput {
    /// The chat.
    pub chat_id: ChatId,
    /// What was received.
    pub message: MessageText,
}

/// A number that a client gives a frame, to be told when it is done.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "Number")]
pub struct AckId(u64);

impl AckId {
    /// The largest whole number that every reader of JSON keeps as it is (RFC 8259, section 6).
    const MAX: u64 = (1 << 53) - 1;
}

impl TryFrom<Number> for AckId {
    type Error = &'static str;

    fn try_from(number: Number) -> Result<Self, Self::Error> {
        let whole = number.as_u64().filter(|number| *number <= Self::MAX);
        whole.map(Self).ok_or("must be a whole number from 0 to 9007199254740991")
    }
}

#[cfg(test)]
impl schemars::JsonSchema for AckId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AckId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number that a client gives a frame, to be told when it is done.",
            "type": "integer",
            "minimum": 0,
            "maximum": Self::MAX,
        })
    }
}

/// What a server sends over a socket.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all_fields = "camelCase")]
pub enum Event {
    /// Somebody was connected with the receiver.
    #[serde(rename = "newFriend")]
    NewFriend {
        /// The new friend.
        id: UserId,
        /// The new friend's name.
        user_name: String,
        /// The receiver's name, as the new friend wrote it.
        friend_name: String,
    },
    /// Somebody is active in a chat.
    #[serde(rename = "recieveUserResponse")]
    UserResponse {
        /// The chat.
        chat_id: ChatId,
    },
    /// Somebody sent a message.
    #[serde(rename = "chatUpdate")]
    ChatUpdate {
        /// The chat.
        chat_id: ChatId,
        /// The message's text.
        message: String,
    },
    /// Somebody received a message.
    #[serde(rename = "messageSent")]
    MessageSent {
        /// The chat.
        chat_id: ChatId,
        /// The message's text.
        message: String,
    },
    /// What the receiver asked for is done.
    #[serde(rename = "ack")]
    Ack {
        /// The number that the frame had.
        ack_id: AckId,
    },
    /// What the receiver asked for cannot be done.
    #[serde(rename = "error")]
    Error {
        /// The action that was asked for, where there was one.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "String"))]
        action: Option<String>,
        /// The status that HTTP has for it.
        #[cfg_attr(test, schemars(range(min = 400, max = 599)))]
        status: u16,
        /// Why not.
        message: String,
        /// The number that the frame had, where it had one.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, schemars(with = "AckId"))]
        ack_id: Option<AckId>,
    },
}
