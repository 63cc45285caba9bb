//! The entries of a chat as clients see them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::message::Message;
use crate::values::ids::UserId;
use crate::values::timestamp::Timestamp;

/// An entry of a chat. `seq` counts the entries of a chat: 1, 2, 3 … without a gap.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Entry {
    /// A message.
    Message {
        /// The user who sent it.
        by: UserId,
        /// The time at which it was stored.
        at: Timestamp,
        /// The message in its present state.
        #[serde(flatten)]
        message: Message,
    },
    /// A change of an earlier message.
    Change {
        /// The position in the chat.
        #[schemars(range(min = 1))]
        seq: i64,
        /// The user who changed the message.
        by: UserId,
        /// The time of the change.
        at: Timestamp,
        /// The `seq` of the message that was changed.
        #[schemars(range(min = 1))]
        target: i64,
        /// What was done to it.
        what: ChangeKind,
        /// The message in its present state. It is absent if the receiver may not see it, because
        /// it is older than the membership, if the same answer contains it elsewhere, or if a later
        /// change follows, which has it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Message")]
        message: Option<Message>,
    },
    /// Something that happened to the chat itself.
    System {
        /// The position in the chat.
        #[schemars(range(min = 1))]
        seq: i64,
        /// The user who did it.
        by: UserId,
        /// The time at which it happened.
        at: Timestamp,
        /// What happened.
        what: SystemKind,
        /// The users whom it concerns.
        who: Vec<UserId>,
    },
}

/// What was done to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// The text was changed.
    Edited,
    /// The message was deleted.
    Deleted,
    /// A member set or removed a reaction.
    Reaction,
}

/// What happened to a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SystemKind {
    /// The chat was created with these members.
    Created,
    /// A member was added.
    Added,
    /// A member left.
    Left,
    /// A member was removed.
    Removed,
    /// The role of a member changed.
    Role,
}

impl Entry {
    /// Returns the position in the chat.
    pub fn seq(&self) -> i64 {
        match self {
            Self::Message { message, .. } => message.seq,
            Self::Change { seq, .. } | Self::System { seq, .. } => *seq,
        }
    }
}
