//! The HTTP API: what each endpoint takes, and what it gives beside `"status":true`.
//!
//! A field has the place here that it has in JSON.

use serde::{Deserialize, Serialize};

use crate::email::EmailAddress;
use crate::ids::{ChatId, UserId};
use crate::input::{Limit, Seq};
use crate::messages::Message;
use crate::otps::Code;
use crate::text::{ClientId, FullName, MessageText, SearchTerm};
use crate::users::Person;

/// What endpoints give that have nothing else to say.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MessageOutput {
    /// What happened.
    pub message: String,
}

/// What `POST /api/sendOtp` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SendOtpInput {
    /// Where the code is mailed.
    pub email: EmailAddress,
}

/// What `POST /api/verifyOtp` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VerifyOtpInput {
    /// Where the code was mailed.
    pub email: EmailAddress,
    /// The code.
    pub otp: Code,
}

/// What `POST /api/verifyOtp` gives.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VerifyOtpOutput {
    /// Whether the profile is complete, and the browser therefore signed in.
    pub is_complete: bool,
    /// What happened.
    pub message: &'static str,
}

/// What `DELETE /api/deleteOtp` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeleteOtpInput {
    /// Where the code was mailed.
    pub email: EmailAddress,
}

/// What `POST /api/uploadDetails` takes, beside the photo.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UploadDetailsInput {
    /// The name that others see.
    pub full_name: FullName,
    /// The address that was verified, or that the signed-in user has.
    pub email: EmailAddress,
}

/// What `GET /api/userDetails` gives.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UserDetailsOutput {
    /// The signed-in user.
    pub userdata: UserData,
}

/// What users see of themselves.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserData {
    /// The user's id.
    #[serde(rename = "_id")]
    pub id: UserId,
    /// The address that the user signs in with.
    pub email: EmailAddress,
    /// The user's name, or `null` before the profile is complete.
    pub full_name: Option<String>,
    /// The address of the photo, or `null`.
    #[cfg_attr(test, schemars(url))]
    pub photo_url: Option<String>,
    /// Whether the user has a name.
    pub is_profile_complete: bool,
}

/// What `GET /api/users` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UsersInput {
    /// The start of any part of a name, whatever the case.
    pub search: Option<SearchTerm>,
    /// So many people at most.
    #[serde(default)]
    pub limit: Limit<100, 500>,
    /// The `next` of the part before.
    pub after: Option<UserId>,
}

/// What `GET /api/users` gives.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UsersOutput {
    /// The people, in the order of their ids.
    pub data: Vec<Person>,
    /// What to ask for `after`, or `null` when these were the last.
    pub next: Option<UserId>,
}

/// What `POST /api/createConnection` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateConnectionInput {
    /// With whom.
    pub person_id: UserId,
}

/// What `POST /api/createConnection` gives.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateConnectionOutput {
    /// What happened.
    pub message: &'static str,
    /// The new chat.
    pub chat_id: ChatId,
}

/// What `GET /api/allConnection` gives.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AllConnectionOutput {
    /// The chats, the last active one first.
    pub data: Vec<ListedChat>,
}

/// A chat in a list.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ListedChat {
    /// The chat's id.
    #[serde(rename = "_id")]
    pub id: ChatId,
    /// The other member.
    pub friend: Person,
    /// The last message, or `[]`.
    pub chats: LastMessage,
}

/// A message, or `[]` where there is none yet: that is what existing frontends look for.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum LastMessage {
    /// The message.
    Some(Message),
    /// There is none yet.
    None([(); 0]),
}

/// What `GET /api/getChat` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct GetChatInput {
    /// The chat.
    pub chat_id: ChatId,
    /// So many messages at most.
    #[serde(default)]
    pub limit: Limit<200, 1000>,
    /// Only messages with a smaller `seq`, the newest of them; not together with `after`.
    pub before: Option<Seq>,
    /// Only messages with a larger `seq`, the oldest of them; not together with `before`.
    pub after: Option<Seq>,
}

/// What `GET /api/getChat` gives.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct GetChatOutput {
    /// The part of the chat.
    pub data: ChatMessages,
    /// Whether there are more messages in the direction that was read.
    pub has_more: bool,
}

/// Messages of a chat.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChatMessages {
    /// The chat's id.
    #[serde(rename = "_id")]
    pub id: ChatId,
    /// The messages, oldest first.
    pub chats: Vec<Message>,
}

/// What `POST /api/sendMessage` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SendMessageInput {
    /// What to say.
    pub message: MessageText,
    /// Where.
    pub chat_id: ChatId,
    /// The signed-in user.
    pub user_id: UserId,
    /// The client's own name for this message, which makes it safe to send it again.
    pub client_id: Option<ClientId>,
}

/// What `POST /api/sendMessage` gives.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SendMessageOutput {
    /// What happened.
    pub message: &'static str,
    /// The message as stored.
    pub data: Message,
}

/// What `GET /api/lastMessage` takes.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LastMessageInput {
    /// The chat.
    pub chat_id: ChatId,
}

/// What `GET /api/lastMessage` gives.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LastMessageOutput {
    /// The chat with its last message, or none.
    pub data: ChatMessages,
}

/// What `POST /api/socketTicket` gives.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SocketTicketOutput {
    /// The ticket, for the query of the socket's address. It can be used once.
    pub ticket: String,
    /// The address of the WebSocket API.
    #[cfg_attr(test, schemars(url))]
    pub url: String,
    /// For how many seconds the ticket can be used.
    pub expires_in: u64,
}
