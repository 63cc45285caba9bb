//! `presence`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::examples::{TIME, bob, chat};
use crate::contract::frame::Event;
use crate::values::ids::{ChatId, UserId};
use crate::values::timestamp::Timestamp;

/// The fields of `presence`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// The direct chat with the user.
    pub chat_id: ChatId,
    /// The presence of the other member.
    #[serde(flatten)]
    pub state: PresenceState,
}

/// Whether a user is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresenceState {
    /// The user.
    pub user_id: UserId,
    /// Whether the user has an open connection. `false` if the user hides it.
    pub online: bool,
    /// The time at which the last connection was closed. It is absent if it is not known, or if the
    /// user is online or hides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Timestamp")]
    pub last_seen: Option<Timestamp>,
}

impl Event for Presence {
    const NAME: &'static str = "presence";
}

pub(super) fn event() -> description::Event {
    let example =
        Presence { chat_id: chat(), state: PresenceState { user_id: bob(), online: false, last_seen: Some(TIME) } };
    description::Event::new(
        "The other member of a direct chat in whose room this socket is has come or gone.",
        &example,
    )
}
