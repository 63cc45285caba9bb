//! Appending: one atomic command on the head, which checks membership, looks for a repeat, appends
//! the entry and applies its effect.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::ReturnDocument;
use serde::Deserialize;

use super::entry::{Content, Entry, Note};
use super::log::{LAST_ENTRY, Log, Member, PAGE, require_member};
use crate::contract::entry::Entry as PublicEntry;
use crate::contract::errors::{CLIENT_ID_REUSED, NO_SUCH_CHAT};
use crate::contract::message::Message;
use crate::contract::synced::ChatKind;
use crate::database::is_duplicate;
use crate::error::{Error, Result};
use crate::values::deadline::Deadline;
use crate::values::ids::{ChatId, UserId};
use crate::values::timestamp::Timestamp;

/// The number of attempts at an append if others change the head in between.
const MAX_ATTEMPTS: usize = 20;

/// The last of the notes that a head has room for.
const LAST_NOTE: &str = "pending.63";

/// The number of notes that a head has room for.
const MAX_NOTES: usize = 64;

/// Something that can be appended to a chat.
pub(super) trait Addition {
    /// The member who appends it.
    fn by(&self) -> UserId;

    /// The name that no other entry of the chat has. A repeat has the same key.
    fn key(&self) -> String;

    /// The entry without `seq` and `at`, which the database adds.
    fn entry(&self) -> Document;

    /// The head must match this, in addition to what every append demands.
    fn condition(&self) -> Option<Document> {
        None
    }

    /// Returns why a head does not match [`Self::condition`].
    ///
    /// # Errors
    /// The reason.
    fn check(&self, _head: &State) -> Result<()> {
        Ok(())
    }

    /// The entries that the head has already, as an expression. `seq` is that of the new entry.
    fn present(&self, _seq: &Document) -> Bson {
        "$entries".into()
    }

    /// Other fields of the head to set, as expressions that see the head as it was before.
    fn effect(&self, _seq: &Document) -> Document {
        Document::new()
    }

    /// Whether the entry is a change, whose target is needed for its announcement.
    fn is_change(&self) -> bool {
        false
    }

    /// Whether an entry with the same key is this one, and not another that reuses its key.
    fn is_repeat_of(&self, original: &Entry) -> bool;
}

/// An entry that was appended, and the members whom it concerns.
#[derive(Debug)]
pub struct Appended {
    /// The chat.
    pub chat: ChatId,
    /// Whether the entry had been appended by an earlier request.
    pub is_repeat: bool,
    entry: Entry,
    /// The message that a change concerns, unless a later change, which announces it, has followed.
    target: Option<Message>,
    /// The members of the chat, after a change of the members.
    members: Vec<Member>,
}

impl Appended {
    fn new(chat: ChatId, entry: Entry, target: Option<Message>, members: Vec<Member>) -> Self {
        let target = target.filter(|message| message.changed_seq == Some(entry.seq));
        Self { chat, is_repeat: false, entry, target, members }
    }

    /// Returns the user who appended the entry.
    pub fn by(&self) -> UserId {
        self.entry.by
    }

    /// Returns the users whom the entry is announced to: the members who see it, and one who was
    /// removed by it.
    pub fn receivers(&self) -> Vec<UserId> {
        let seq = self.entry.seq;
        let mut receivers: Vec<_> =
            self.members.iter().filter(|member| member.from <= seq).map(|member| member.id).collect();
        if let Content::System { who, .. } = &self.entry.content {
            let is_gone = |user: &UserId| self.members.iter().all(|member| member.id != *user);
            receivers.extend(who.iter().copied().filter(is_gone));
        }
        receivers
    }

    /// Returns the time that has passed since the entry was appended.
    pub fn age(&self) -> Duration {
        self.entry.at.age()
    }

    /// Returns the message.
    ///
    /// # Errors
    /// [`Error::Internal`] if the entry is of another kind.
    pub fn message(&self) -> Result<Message> {
        self.entry.clone().into_message().ok_or_else(|| Error::Internal("the entry is not a message".into()))
    }

    /// Returns the entry as `user` sees it: without the message that a change concerns if it is
    /// older than the membership.
    pub fn entry_for(&self, user: UserId) -> PublicEntry {
        let from = self.members.iter().find(|member| member.id == user).map_or(i64::MAX, |member| member.from);
        let target = self.target.clone().filter(|message| message.seq >= from);
        self.entry.clone().into_public(target)
    }
}

/// The state of a head, which tells why an append did not match.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    pub(super) kind: ChatKind,
    pub(super) members: Vec<Member>,
    number: i64,
    pub(super) last_seq: i64,
    keys: Vec<String>,
    prev_keys: Vec<String>,
    #[serde(default)]
    pending: Vec<Note>,
    /// The time of the database.
    now: Timestamp,
}

/// A head after an append.
#[derive(Deserialize)]
struct After {
    members: Vec<Member>,
    entries: Vec<Entry>,
    #[serde(default)]
    pending: Vec<Note>,
}

/// A head or an archive, by its keys.
#[derive(Deserialize)]
struct Keyed {
    keys: Vec<String>,
    entries: Vec<Entry>,
}

/// The number of milliseconds by which the clock of the database is ahead of that of this process,
/// as far as it is known.
static DATABASE_AHEAD: AtomicI64 = AtomicI64::new(0);

/// Learns the difference of the clocks from the present time of the database.
fn learn_time(now: Timestamp) {
    DATABASE_AHEAD.store(now.as_millis() - Timestamp::now().as_millis(), Ordering::Relaxed);
}

/// Translates a time of this process to the clock of the database.
fn database_time(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_millis() + DATABASE_AHEAD.load(Ordering::Relaxed))
}

impl Log {
    /// Appends an entry to a chat. A repeat returns the original entry.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`], [`NOT_A_MEMBER`](crate::contract::errors::NOT_A_MEMBER),
    /// [`CLIENT_ID_REUSED`], or the reason of the addition.
    pub(super) async fn append(&self, chat: ChatId, new: &impl Addition, deadline: Deadline) -> Result<Appended> {
        for _ in 0..MAX_ATTEMPTS {
            if let Some(After { members, mut entries, pending }) = self.try_append(chat, new, deadline).await? {
                let entry = entries.pop().ok_or_else(|| Error::Internal("an append returned nothing".into()))?;
                learn_time(entry.at);
                let target = self.settle(chat, &entry, entries, &pending).await?;
                return Ok(Appended::new(chat, entry, target, members));
            }
            let state = self.state(chat).await?;
            require_member(&state.members, new.by())?;
            let key = new.key();
            if state.prev_keys.contains(&key) {
                self.publish(chat, state.number - 1, &state.prev_keys).await?;
            } else if !state.keys.contains(&key) && self.make_room(chat, &state).await? {
                continue;
            }
            if let Some(entry) = self.original(chat, &key).await? {
                if !new.is_repeat_of(&entry) {
                    return Err(CLIENT_ID_REUSED);
                }
                // The original came after the state, which then lacks its note.
                if entry.version() > state.last_seq {
                    continue;
                }
                return self.repeat(chat, entry, state).await;
            }
            if deadline.has_passed() {
                return Err(Error::Unavailable("the request is too old".into()));
            }
            new.check(&state)?;
            // Otherwise, the clocks differ, or somebody has changed the head in between.
            learn_time(state.now);
        }
        Err(Error::Unavailable("others changed the chat at every attempt".into()))
    }

    /// Empties the parts of a head that are full. Returns whether there are any.
    async fn make_room(&self, chat: ChatId, head: &State) -> Result<bool> {
        let (is_full, has_no_room_for_notes) = (head.keys.len() as i64 == PAGE, head.pending.len() == MAX_NOTES);
        if is_full {
            self.roll(chat).await?;
        }
        if has_no_room_for_notes {
            self.finish(chat, &head.pending).await?;
        }
        Ok(is_full || has_no_room_for_notes)
    }

    /// Returns the head after the append, or `None` if the head did not match, or an archive has the
    /// key.
    async fn try_append(&self, chat: ChatId, new: &impl Addition, deadline: Deadline) -> Result<Option<After>> {
        let key = new.key();
        let mut filter = doc! {
            "_id": chat,
            "members.id": new.by(),
            LAST_ENTRY: { "$exists": false },
            LAST_NOTE: { "$exists": false },
            "keys": { "$ne": &key },
            "prevKeys": { "$ne": &key },
            // A process that was frozen before it sent this command appends nothing when it is thawed.
            "$expr": { "$lt": ["$$NOW", database_time(deadline.time())] },
        };
        if let Some(condition) = new.condition() {
            filter.insert("$and", vec![condition]);
        }
        // All of these expressions see the head as it was before.
        let seq = doc! { "$add": ["$lastSeq", 1_i64] };
        // `$$NOW` is the time at which the command began, which another one may have overtaken. After a
        // change of the primary, it is that of another clock.
        let at = doc! { "$max": ["$$NOW", { "$last": "$entries.at" }, "$last.at"] };
        // A literal, so that no text is taken for an expression.
        let entry = doc! { "$mergeObjects": [{ "$literal": new.entry() }, { "seq": seq.clone(), "at": at }] };
        let mut set = doc! {
            "lastSeq": seq.clone(),
            "updatedAt": "$$NOW",
            "keys": { "$concatArrays": ["$keys", [{ "$literal": key }]] },
            "entries": { "$concatArrays": [new.present(&seq), [entry]] },
        };
        set.extend(new.effect(&seq));
        let entries = if new.is_change() { Bson::Int32(1) } else { doc! { "$slice": -1 }.into() };
        let heads = self.0.clone_with_type::<After>();
        let appended = heads
            .find_one_and_update(filter, vec![doc! { "$set": set }])
            .projection(doc! { "_id": 0, "members": 1, "entries": entries, "pending": 1 })
            .return_document(ReturnDocument::After)
            .await;
        match appended {
            Err(error) if is_duplicate(&error) => Ok(None),
            appended => Ok(appended?),
        }
    }

    /// Reads the state of a head.
    async fn state(&self, chat: ChatId) -> Result<State> {
        let heads = self.0.clone_with_type::<State>();
        let fields = doc! {
            "_id": 0, "kind": 1, "members": 1, "number": 1, "lastSeq": 1, "keys": 1, "prevKeys": 1, "pending": 1,
            "now": "$$NOW",
        };
        heads.find_one(doc! { "_id": chat }).projection(fields).await?.ok_or(NO_SUCH_CHAT)
    }

    /// Returns the entry that was stored with this key, if there is one.
    ///
    /// It is found by a write that changes nothing, because only a write waits until a majority of the
    /// servers has the original. A read cannot tell whether a change of the primary may still take it
    /// back.
    async fn original(&self, chat: ChatId, key: &str) -> Result<Option<Entry>> {
        let pages = self.0.clone_with_type::<Keyed>();
        let nothing = vec![doc! { "$set": { "_id": "$_id" } }];
        let found = pages
            .find_one_and_update(doc! { "chatId": chat, "keys": key }, nothing)
            .projection(doc! { "_id": 0, "keys": 1, "entries": 1 })
            .await?;
        Ok(found.and_then(|Keyed { keys, entries }| {
            let (_, entry) = keys.into_iter().zip(entries).find(|(other, _)| other == key)?;
            Some(entry)
        }))
    }

    /// Answers a repeat with the original entry in its present state.
    async fn repeat(&self, chat: ChatId, mut entry: Entry, state: State) -> Result<Appended> {
        let State { members, pending, .. } = state;
        entry.fold(&pending);
        let target = self.settle(chat, &entry, Vec::new(), &pending).await?;
        Ok(Appended { is_repeat: true, ..Appended::new(chat, entry, target, members) })
    }

    /// Applies the notes of a head if the entry is a change of an archived message. Returns the
    /// message that the entry changed, if it did.
    async fn settle(
        &self,
        chat: ChatId,
        entry: &Entry,
        in_head: Vec<Entry>,
        notes: &[Note],
    ) -> Result<Option<Message>> {
        let Content::Change { target, .. } = entry.content else { return Ok(None) };
        if let Some(entry) = in_head.into_iter().find(|entry| entry.seq == target) {
            return Ok(entry.into_message());
        }
        if !notes.is_empty() {
            self.finish(chat, notes).await?;
        }
        Ok(self.entry(chat, target).await?.and_then(Entry::into_message))
    }
}
