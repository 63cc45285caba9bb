//! `recieveUserResponse`, with the reference's spelling.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::examples::chat;
use crate::contract::frame::Event;
use crate::values::ids::ChatId;

/// The fields of `recieveUserResponse`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserResponse {
    /// The chat.
    pub chat_id: ChatId,
}

impl Event for UserResponse {
    const NAME: &'static str = "recieveUserResponse";
}

pub(super) fn event() -> description::Event {
    let example = UserResponse { chat_id: chat() };
    description::Event::new("Another user is active in a chat.", &example)
}
