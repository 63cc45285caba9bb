//! One chat of the answer.

use std::collections::{HashMap, HashSet};

use mongodb::bson::Bson;

use super::rows::{Head, Missing, People};
use crate::accounts::photos::PhotoBase;
use crate::accounts::users::PublicProfile;
use crate::chats::entry::Entry;
use crate::chats::log::{PAGE, archive_id};
use crate::chats::marks::Mark;
use crate::chats::unread::{Sent, unread};
use crate::contract::entry::Entry as PublicEntry;
use crate::contract::synced::{ChatSettings, Marks, SyncInput, SyncedChat};
use crate::values::ids::{ChatId, UserId};

/// A chat in the making of the answer.
pub(super) struct Chat {
    pub(super) head: Head,
    reader: UserId,
    pub(super) is_unknown: bool,
    /// The entries to send, in order.
    entries: Vec<Entry>,
    /// The `seq` of the first entry that the device lacks.
    start: i64,
    /// Whether there are more after these.
    pub(super) more: bool,
    /// Messages that the changes among the entries may concern.
    targets: HashMap<i64, Entry>,
    /// The watermarks that have changed.
    marks: Vec<Marks>,
    /// The settings, if they may have changed.
    settings: Option<ChatSettings>,
    friend: Option<PublicProfile>,
    /// The `seq` up to which the reader has read everything.
    floor: i64,
    /// `None` if it is not known yet.
    pub(super) unread: Option<usize>,
}

impl Chat {
    pub(super) fn new(
        mut head: Head,
        reader: UserId,
        input: &SyncInput,
        archived: &mut HashMap<ChatId, Vec<Entry>>,
        people: &mut People,
    ) -> Self {
        let (wanted, is_unknown) = (head.wanted(input), head.is_unknown(input));
        let mut read = archived.remove(&head.id).unwrap_or_default();
        read.append(&mut head.entries);
        read.iter_mut().for_each(|entry| entry.fold(&head.pending));
        // Somebody has changed a message since the head was read, and the reader may have been removed
        // before that. Another sync reads both again.
        let is_torn = read.iter().any(|entry| entry.version() > head.last_seq);
        if is_torn {
            read.clear();
        }
        read.sort_by_key(|entry| entry.seq);

        let mut found = people.marks.remove(&head.id).unwrap_or_default();
        found.retain(|mark| mark.key().1 == reader || head.sharing.contains(&mark.key().1));
        let own = found.iter().find(|mark| mark.key().1 == reader);
        let floor = own.map_or(0, Mark::floor).max(head.from - 1);
        let has_changed = |mark: &Mark| is_unknown || input.since.0.is_none_or(|since| mark.updated_at() > since);
        let unread = match () {
            () if floor >= head.last_seq => Some(0),
            () if head.is_new => head.unread(floor).or_else(|| unread_among(&read, reader, head.last_seq, floor)),
            () => None,
        };
        let (entries, others): (Vec<_>, Vec<_>) = read.into_iter().partition(|entry| wanted.contains(&entry.seq));
        Self {
            reader,
            is_unknown,
            start: if head.is_new { wanted.start } else { head.last_seq + 1 },
            more: is_torn || (wanted.end <= head.last_seq && head.is_new),
            entries,
            targets: others.into_iter().map(|entry| (entry.seq, entry)).collect(),
            settings: own.filter(|mark| has_changed(mark)).map(Mark::settings),
            marks: found.iter().filter(|mark| has_changed(mark)).map(Mark::watermarks).collect(),
            friend: head.friend.and_then(|friend| people.profiles.remove(&friend)),
            floor,
            unread,
            head,
        }
    }

    pub(super) fn has_news(&self) -> bool {
        self.is_unknown || self.head.is_new || !self.marks.is_empty() || self.friend.is_some()
    }

    /// Returns the messages that changes concern and that were not read yet, each with its page.
    pub(super) fn missing_targets(&self) -> Vec<(Bson, i64)> {
        let held: HashSet<i64> =
            self.entries.iter().map(|entry| entry.seq).chain(self.targets.keys().copied()).collect();
        let targets = self.entries.iter().filter_map(Entry::target);
        let visible = targets.filter(|target| *target >= self.head.from && !held.contains(target));
        let page = |target: i64| {
            if target > self.head.number * PAGE {
                Bson::from(self.head.id)
            } else {
                archive_id(self.head.id, (target - 1) / PAGE).into()
            }
        };
        visible.map(|target| (page(target), target)).collect()
    }

    /// Removes the entries from the first change of this message on.
    pub(super) fn end_before_change_of(&mut self, target: i64) {
        let end = self.entries.iter().position(|entry| entry.target() == Some(target)).unwrap_or(self.entries.len());
        self.entries.truncate(end);
        self.more = true;
    }

    pub(super) fn add(&mut self, missing: Missing) {
        let Missing { head, number, tail, targets, .. } = missing;
        if head && self.unread.is_none() {
            self.unread = Some(tail.unread(number, self.head.last_seq, self.reader, self.floor));
        }
        for mut entry in targets {
            entry.fold(&self.head.pending);
            // A later change of the message follows with the next sync.
            if entry.version() <= self.head.last_seq {
                self.targets.insert(entry.seq, entry);
            }
        }
    }

    /// Returns the chat without entries, and the entries.
    pub(super) fn into_public(self) -> (SyncedChat, Vec<PublicEntry>) {
        let Head { id, kind, from, friend, last_seq, last_activity, .. } = self.head;
        // A deleted user has no profile.
        let unknown = || friend.filter(|_| self.is_unknown).map(PublicProfile::unknown);
        let photos = PhotoBase::relative();
        let chat = SyncedChat {
            id,
            kind,
            friend: self.friend.or_else(unknown).map(|profile| profile.into_person(&photos)),
            entries: Vec::new(),
            from: self.entries.first().map_or(self.start, |entry| entry.seq),
            more: self.more,
            last_seq,
            last_activity,
            unread: self.unread.unwrap_or_default(),
            marks: self.marks,
            settings: self.settings,
        };
        // A message is sent once, in its present state: itself, or with the first of its changes.
        let mut sent: HashSet<i64> = self.entries.iter().map(|entry| entry.seq).collect();
        let mut targets = self.targets;
        let entries = self.entries.into_iter().map(|entry| {
            let target = entry.target().filter(|target| *target >= from && sent.insert(*target));
            let message = target.and_then(|target| targets.remove(&target)).and_then(Entry::into_message);
            entry.into_public(message)
        });
        (chat, entries.collect())
    }
}

/// Returns the number of unread messages if it shows in these entries, which are in order.
fn unread_among(entries: &[Entry], reader: UserId, last_seq: i64, floor: i64) -> Option<usize> {
    let newest = entries.iter().rev().zip((floor + 1..=last_seq).rev());
    let newest: Vec<&Entry> = newest.take_while(|(entry, seq)| entry.seq == *seq).map(|(entry, _)| entry).collect();
    let messages =
        || newest.iter().filter(|entry| entry.is_message()).map(|entry| Sent { seq: entry.seq, by: entry.by });
    let reaches_floor = newest.len() as i64 == last_seq - floor;
    let is_exact = reaches_floor || messages().any(|message| message.by == reader);
    is_exact.then(|| unread(messages(), reader, floor))
}
