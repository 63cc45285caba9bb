//! The input of `receipt`, which is the same over HTTP and over a socket.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::values::ids::ChatId;
use crate::values::seq::Seq;

/// The input of `receipt`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptInput {
    /// The chat.
    pub chat_id: ChatId,
    /// The `seq` of the last entry that has reached this device.
    #[serde(default)]
    pub delivered: Seq,
    /// The `seq` of the last entry that the user has read, which was delivered too.
    #[serde(default)]
    pub read: Seq,
}
