//! `ack`.

use schemars::JsonSchema;
use serde::Serialize;

use super::presence::PresenceState;
use crate::contract::description;
use crate::contract::entry::Entry;
use crate::contract::frame::Event;
use crate::contract::synced::SyncOutput;
use crate::values::ack_id::AckId;

/// The fields of `ack`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ack {
    /// The number of the frame that was handled.
    pub ack_id: AckId,
    /// The answer of the action, if it has one.
    #[serde(flatten)]
    pub answer: Answer,
}

/// The answer of an action.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Answer {
    /// The answer of `sendMessage`.
    Stored {
        /// The entry as stored.
        entry: Entry,
    },
    /// The answer of `join-chat-room`, to a native client in a direct chat.
    Joined {
        /// The presence of the other member.
        presence: PresenceState,
    },
    /// The answer of `sync`.
    Synced {
        /// Always `true`.
        status: bool,
        /// Everything that the client has missed.
        #[serde(flatten)]
        output: Box<SyncOutput>,
    },
    /// The action has no answer.
    Done {},
}

impl From<()> for Answer {
    fn from((): ()) -> Self {
        Self::Done {}
    }
}

impl From<SyncOutput> for Answer {
    fn from(output: SyncOutput) -> Self {
        Self::Synced { status: true, output: Box::new(output) }
    }
}

impl Event for Ack {
    const NAME: &'static str = "ack";
}

pub(super) fn event() -> description::Event {
    let example = Ack { ack_id: AckId::FIRST, answer: ().into() };
    description::Event::new("A frame of the receiver was handled.", &example)
}
