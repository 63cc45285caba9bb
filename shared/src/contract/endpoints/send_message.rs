//! `POST /api/sendMessage`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::credentials::{ACCESS, REFRESH};
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{
    CLIENT_ID_REUSED, NO_REFRESH_KEY, NO_SUCH_CHAT, NO_SUCH_ENTRY, NOT_A_MEMBER, NOT_THE_CALLER,
};
use crate::contract::examples::message;
use crate::contract::message::Message;
use crate::values::ids::{ChatId, UserId};
use crate::values::seq::Seq;
use crate::values::text::{ClientId, MessageText};

/// The input of `POST /api/sendMessage`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendMessageInput {
    /// The text.
    pub message: MessageText,
    /// The chat.
    pub chat_id: ChatId,
    /// The signed-in user.
    pub user_id: UserId,
    /// The client's own id for this message, which makes the send safe to repeat.
    pub client_id: Option<ClientId>,
    /// The `seq` of the message that this one replies to.
    pub reply_to: Option<Seq>,
}

/// The output of `POST /api/sendMessage`.
#[derive(Serialize, JsonSchema)]
pub struct SendMessageOutput {
    /// A description of the result.
    pub message: &'static str,
    /// The message as stored.
    pub data: Message,
}

pub(super) fn endpoint() -> Endpoint {
    let summary = "Stores a message. A client that receives no response repeats the request with the same `clientId`";
    let example = r#"{
        "message": "Hello Bob",
        "chatId": "65a1b2c3d4e5f60718293a4d",
        "userId": "65a1b2c3d4e5f60718293a4b",
        "clientId": "1"
    }"#;
    Endpoint::new("POST", "/api/sendMessage", Tag::Chats, summary)
        .callers("`access-key` or `refresh-key`, member", [Some(ACCESS), Some(REFRESH)])
        .json::<SendMessageInput>(example)
        .note("userId", "your own id")
        .note("replyTo", "a `seq`")
        .effect(
            "`data`: the message as stored. Sends it to all devices of the members: `entry`, or, if the request has a \
             `clientId`, `chatUpdate` to frontends of the reference in the room",
        )
        .returns(SendMessageOutput { message: "Successfully send", data: message() })
        .invalid(["\"message\" must be 1 to 4096 characters long"])
        .fails([NO_REFRESH_KEY, NOT_THE_CALLER, NOT_A_MEMBER, NO_SUCH_CHAT, NO_SUCH_ENTRY, CLIENT_ID_REUSED])
}
