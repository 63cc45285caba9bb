//! The answer of `sync`, which is the same over HTTP and over a socket.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::examples;
use super::person::Person;
use crate::values::ids::{ChatId, UserId};
use crate::values::inbox_cursor::InboxCursor;
use crate::values::known_chats::KnownChats;
use crate::values::limit::Limit;
use crate::values::since::Since;
use crate::values::timestamp::Timestamp;

/// The input of `sync`.
#[derive(Deserialize, JsonSchema)]
pub struct SyncInput {
    /// The chats that the client has, each with the last `seq` that it holds, at most 500.
    #[serde(default)]
    pub chats: KnownChats,
    /// The `now` of the previous sync. Without it, or if it is not a time, everything is new.
    #[serde(default)]
    pub since: Since,
    /// The maximum number of entries per chat.
    #[serde(default)]
    pub limit: Limit<100, 1000>,
    /// The `next` of the previous answer to the same request.
    pub before: Option<InboxCursor>,
}

/// The answer of `sync`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SyncOutput {
    /// The `since` of the next sync. Of an answer in several parts, that of the first part counts.
    pub now: Timestamp,
    /// The chats with something new, most recently active first.
    pub chats: Vec<SyncedChat>,
    /// The named chats that are not, or no longer, the caller's.
    pub gone: Vec<ChatId>,
    /// The value of `before` with which the same request continues. It is absent in the last part.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InboxCursor")]
    pub next: Option<InboxCursor>,
}

/// A chat in the answer of `sync`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncedChat {
    /// The id of the chat.
    #[serde(rename = "_id")]
    pub id: ChatId,
    /// The kind of the chat.
    pub kind: ChatKind,
    /// The other member of a direct chat, if the client did not name the chat or the profile has
    /// changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Person")]
    pub friend: Option<Person>,
    /// The entries after the `seq` that the client holds, in order and without a gap. Of a chat that
    /// the client did not name, the newest ones.
    pub entries: Vec<Entry>,
    /// The `seq` of the first entry, or of the next one if there is none. If it is not the one that
    /// the client expects, the entries before it are read with `getChat`.
    #[schemars(range(min = 1))]
    pub from: i64,
    /// Whether there are more entries after these. Sync again from the last one.
    pub more: bool,
    /// The `seq` of the last entry of the chat, or 0.
    #[schemars(range(min = 0))]
    pub last_seq: i64,
    /// The time of the last message, or of the creation of the chat.
    pub last_activity: Timestamp,
    /// The number of messages that the caller has not read; 100 means more than 99.
    #[schemars(range(min = 0, max = 100))]
    pub unread: usize,
    /// The watermarks of members that have changed since; those of all members if the client did not
    /// name the chat. Chats of more than 32 members have only the caller's.
    pub marks: Vec<Marks>,
    /// The caller's settings of the chat, if the client did not name it or they have changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ChatSettings")]
    pub settings: Option<ChatSettings>,
}

/// The kind of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChatKind {
    /// A chat of two users.
    Direct,
    /// A chat of any number of users.
    Group,
}

/// The watermarks of one member of a chat: everything up to a watermark was delivered, or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Marks {
    /// The member.
    pub user_id: UserId,
    /// The `seq` of the last entry that reached a device of the member, or 0.
    #[schemars(range(min = 0))]
    pub delivered: i64,
    /// The `seq` of the last entry that the member has read, or 0.
    #[schemars(range(min = 0))]
    pub read: i64,
}

/// The settings of one member for one chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatSettings {
    /// Whether the client shows no notifications.
    pub muted: bool,
    /// Whether the client lists the chat among the archived ones.
    pub archived: bool,
    /// Whether the client lists the chat first.
    pub pinned: bool,
    /// The `seq` up to which the client hides the entries, or 0.
    #[schemars(range(min = 0))]
    pub cleared_seq: i64,
}

/// Returns an input for the descriptions.
pub(super) const INPUT_EXAMPLE: &str =
    r#"{"chats":{"65a1b2c3d4e5f60718293a4d":41},"since":"2023-11-14T22:13:20.120Z","limit":100}"#;

/// Returns an answer for the descriptions.
pub(super) fn example() -> SyncOutput {
    let message = examples::entry();
    let chat = SyncedChat {
        id: examples::chat(),
        kind: ChatKind::Direct,
        friend: Some(examples::ada_as_friend()),
        from: message.seq(),
        entries: vec![message],
        more: false,
        last_seq: 1,
        last_activity: examples::TIME,
        unread: 1,
        marks: vec![Marks { user_id: examples::bob(), delivered: 1, read: 0 }],
        settings: Some(ChatSettings::default()),
    };
    SyncOutput { now: examples::TIME, chats: vec![chat], gone: Vec::new(), next: None }
}
