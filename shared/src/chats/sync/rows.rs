//! The rows that the commands of a sync return.

use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize;

use crate::accounts::users::PublicProfile;
use crate::chats::entry::{Entry, Note};
use crate::chats::log::PAGE;
use crate::chats::marks::Mark;
use crate::chats::unread::{Sent, unread};
use crate::contract::synced::{ChatKind, SyncInput};
use crate::values::ids::{ChatId, UserId};
use crate::values::timestamp::Timestamp;

/// The maximum number of entries of a chat that the client did not name.
pub(super) const MAX_NEWEST: i64 = 20;

/// The typical size of a chat without entries as JSON.
pub(super) const TYPICAL_CHAT_BYTES: usize = 400;

/// The head of a chat, as far as a device needs it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    #[serde(rename = "_id")]
    pub(super) id: ChatId,
    pub(super) kind: ChatKind,
    /// The first entry that the user sees.
    pub(super) from: i64,
    /// The other member of a direct chat.
    pub(super) friend: Option<UserId>,
    /// The members of a small chat, who see each other's watermarks.
    pub(super) sharing: Vec<UserId>,
    pub(super) number: i64,
    pub(super) last_seq: i64,
    pub(super) last_activity: Timestamp,
    /// The last `seq` that the device holds, if it named the chat.
    pub(super) known: Option<i64>,
    /// Whether there are entries that the device does not hold.
    pub(super) is_new: bool,
    /// The newest entries. This and the following are empty if there is nothing new.
    #[serde(default)]
    pub(super) entries: Vec<Entry>,
    #[serde(default)]
    pub(super) pending: Vec<Note>,
    /// The number of the newest entries of the head that others sent, or -1 if that is all of them.
    /// `None` if not all entries of the head are messages.
    pub(super) others: Option<i64>,
    pub(super) now: Timestamp,
}

/// The senders of the newest messages of a chat.
#[derive(Deserialize)]
pub(super) struct Tail {
    /// The senders of the entries of the head.
    senders: Vec<UserId>,
    /// The kinds of these entries.
    kinds: Vec<String>,
    /// The newest archived messages.
    #[serde(default)]
    recent: Vec<Sent>,
}

/// The part of a page that was missing after the first commands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Missing {
    pub(super) chat_id: ChatId,
    #[serde(default)]
    pub(super) head: bool,
    pub(super) number: i64,
    pub(super) tail: Tail,
    pub(super) targets: Vec<Entry>,
}

/// The watermarks and profiles that a device needs.
#[derive(Default)]
pub(super) struct People {
    pub(super) marks: HashMap<ChatId, Vec<Mark>>,
    pub(super) profiles: HashMap<UserId, PublicProfile>,
}

impl Head {
    /// Returns whether the chat is new to the device: everything about it is sent.
    pub(super) fn is_unknown(&self, input: &SyncInput) -> bool {
        input.since.0.is_none() || (self.known.is_none() && self.is_new)
    }

    /// Returns the range of `seq`s that the device is to receive.
    pub(super) fn wanted(&self, input: &SyncInput) -> Range<i64> {
        let limit = input.limit.get() as i64;
        let held = self.known.unwrap_or(self.last_seq - limit.min(MAX_NEWEST)).max(self.from - 1);
        if self.is_new { held + 1..(self.last_seq + 1).min(held + 1 + limit) } else { 0..0 }
    }

    /// Returns the number of messages after `floor` that others sent after the user's last one, if the
    /// head shows it.
    pub(super) fn unread(&self, floor: i64) -> Option<usize> {
        let unread = match self.others? {
            // The messages before the head may be unread, too.
            ..0 if floor < self.number * PAGE => return None,
            ..0 => self.last_seq - floor,
            others => others.min(self.last_seq - floor),
        };
        usize::try_from(unread).ok()
    }
}

impl Tail {
    /// Returns the number of messages up to `last_seq` that `reader` has not read.
    pub(super) fn unread(&self, number: i64, last_seq: i64, reader: UserId, floor: i64) -> usize {
        let in_head = (number * PAGE + 1..).zip(self.senders.iter().zip(&self.kinds));
        let in_head = in_head.filter(|(_, (_, kind))| *kind == "message").map(|(seq, (by, _))| Sent { seq, by: *by });
        let messages: Vec<Sent> = self.recent.iter().copied().chain(in_head).collect();
        unread(messages.into_iter().rev().filter(|message| message.seq <= last_seq), reader, floor)
    }
}
