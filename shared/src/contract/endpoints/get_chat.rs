//! `GET /api/getChat`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{BEFORE_AND_AFTER, NO_ACCESS_KEY, NO_SUCH_CHAT, NOT_A_MEMBER};
use crate::contract::examples::messages;
use crate::contract::message::ChatMessages;
use crate::values::ids::ChatId;
use crate::values::limit::Limit;
use crate::values::seq::Seq;

/// The input of `GET /api/getChat`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetChatInput {
    /// The chat.
    pub chat_id: ChatId,
    /// The maximum number of messages.
    #[serde(default)]
    pub limit: Limit<200, 1000>,
    /// Selects the newest messages with a smaller `seq`. Cannot be combined with `after`.
    pub before: Option<Seq>,
    /// Selects the oldest messages with a larger `seq`. Cannot be combined with `before`.
    pub after: Option<Seq>,
}

/// The output of `GET /api/getChat`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetChatOutput {
    /// The messages.
    pub data: ChatMessages,
    /// Whether there are more messages in the direction that was read.
    pub has_more: bool,
}

pub(super) fn endpoint() -> Endpoint {
    let summary = "Returns messages of a chat, by default the newest";
    Endpoint::new("GET", "/api/getChat", Tag::Chats, summary)
        .callers("`access-key`, member", [Some(ACCESS)])
        .query::<GetChatInput>(r#"{"chatId":"65a1b2c3d4e5f60718293a4d","limit":"200","before":"201"}"#)
        .note("before", "a `seq`")
        .note("after", "a `seq`, not with `before`")
        .effect(
            "`data`: `{\"_id\",\"chats\":[message, …]}`, oldest first; `hasMore`. Pages of very \
             long messages are cut short; check `hasMore`",
        )
        .returns(GetChatOutput { data: messages(), has_more: false })
        .bad_parameter(["\"chatId\" is required"])
        .fails([BEFORE_AND_AFTER, NO_ACCESS_KEY, NOT_A_MEMBER, NO_SUCH_CHAT])
}
