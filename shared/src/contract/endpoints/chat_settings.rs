//! `PUT /api/chatSettings`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{NO_ACCESS_KEY, NO_SUCH_CHAT, NOT_A_MEMBER};
use crate::contract::synced::ChatSettings;
use crate::values::ids::ChatId;
use crate::values::seq::Seq;

/// The input of `PUT /api/chatSettings`. What is absent stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatSettingsInput {
    /// The chat.
    pub chat_id: ChatId,
    /// Whether the client shows no notifications.
    pub muted: Option<bool>,
    /// Whether the client lists the chat among the archived ones.
    pub archived: Option<bool>,
    /// Whether the client lists the chat first.
    pub pinned: Option<bool>,
    /// The `seq` up to which the client hides the entries. It only grows.
    pub cleared_seq: Option<Seq>,
}

/// The output of `PUT /api/chatSettings`.
#[derive(Serialize, JsonSchema)]
pub struct ChatSettingsOutput {
    /// The settings as stored.
    pub data: ChatSettings,
}

pub(super) fn endpoint() -> Endpoint {
    let summary = "Changes the signed-in user's settings of a chat, on all of their devices";
    Endpoint::new("PUT", "/api/chatSettings", Tag::Chats, summary)
        .callers("`access-key`, member", [Some(ACCESS)])
        .json::<ChatSettingsInput>(r#"{"chatId":"65a1b2c3d4e5f60718293a4d","muted":true}"#)
        .note("clearedSeq", "a `seq`")
        .effect("`data`: the settings as stored. What the request omits stays as it is")
        .returns(ChatSettingsOutput { data: ChatSettings { muted: true, ..ChatSettings::default() } })
        .invalid(["\"clearedSeq\" must be the seq of a message"])
        .fails([NO_ACCESS_KEY, NOT_A_MEMBER, NO_SUCH_CHAT])
}
