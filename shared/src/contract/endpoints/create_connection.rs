//! `POST /api/createConnection`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{ALREADY_CONNECTED, NO_ACCESS_KEY, NO_SUCH_USER, YOURSELF};
use crate::contract::examples::chat;
use crate::values::ids::{ChatId, UserId};

/// The input of `POST /api/createConnection`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateConnectionInput {
    /// The other member.
    pub person_id: UserId,
}

/// The output of `POST /api/createConnection`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateConnectionOutput {
    /// A description of the result.
    pub message: &'static str,
    /// The new chat.
    pub chat_id: ChatId,
}

pub(super) fn endpoint() -> Endpoint {
    let summary = "Starts a direct chat of the signed-in user with another user";
    Endpoint::new("POST", "/api/createConnection", Tag::Chats, summary)
        .callers("`access-key`", [Some(ACCESS)])
        .json::<CreateConnectionInput>(r#"{"personId":"65a1b2c3d4e5f60718293a4c"}"#)
        .effect(
            "`chatId`, and sends `newChat` to both users. 404 if the user does not exist; 409 with the `chatId` in \
             `error` if there is already a chat, which is announced again; 422 if `personId` is your own id",
        )
        .returns(CreateConnectionOutput { message: "Person added successfully", chat_id: chat() })
        .invalid(["\"personId\" must be an id of 24 lower-case hex digits"])
        .fails([NO_ACCESS_KEY, NO_SUCH_USER, ALREADY_CONNECTED.about_chat(chat()), YOURSELF])
}
