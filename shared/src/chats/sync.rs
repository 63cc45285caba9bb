//! Catching up: everything that one device has missed, in all chats of its user.
//!
//! At most four commands, whatever was missed: the heads; then, side by side, the archives, and the
//! watermarks with the profiles; then what only these show to be missing. The heads are read first, so
//! the archives before them are complete, and their notes are those that the archives may lack.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use serde::{Deserialize, Serialize};

use super::entry::{Entry, Note};
use super::log::{Log, Member, PAGE, archive_id};
use super::marks::{MARKS, MAX_SHARING, Mark};
use super::unread::{Sent, unread};
use crate::accounts::photos::PhotoBase;
use crate::accounts::users::{self, PublicProfile};
use crate::contract::entry::Entry as PublicEntry;
use crate::contract::synced::{ChatKind, ChatSettings, Marks, SyncInput, SyncOutput, SyncedChat};
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};
use crate::values::inbox_cursor::InboxCursor;
use crate::values::known_chats::KnownChats;
use crate::values::timestamp::Timestamp;

/// The time by which `now` is behind the clock of the database. A write is stamped before it can be
/// read, and a device must not miss it.
const MARGIN: std::time::Duration = std::time::Duration::from_secs(60);

/// The maximum number of entries of a chat that the client did not name.
const MAX_NEWEST: i64 = 20;

/// The maximum number of pages that are read for the messages that changes concern.
const MAX_TARGET_PAGES: usize = 16;

/// The typical size of an entry as JSON, which decides how much is read. The answer is measured.
const TYPICAL_ENTRY_BYTES: usize = 200;

/// The typical size of a chat without entries as JSON.
const TYPICAL_CHAT_BYTES: usize = 400;

/// The head of a chat, as far as a device needs it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(rename = "_id")]
    id: ChatId,
    kind: ChatKind,
    own: Member,
    /// The other member of a direct chat.
    friend: Option<UserId>,
    /// The members of a small chat, who see each other's watermarks.
    sharing: Vec<UserId>,
    number: i64,
    last_seq: i64,
    last_activity: Timestamp,
    /// The last `seq` that the device holds, if it named the chat.
    known: Option<i64>,
    /// Whether there are entries that the device does not hold.
    is_new: bool,
    /// The newest entries. This and the following are empty if there is nothing new.
    entries: Vec<Entry>,
    tail: Tail,
    pending: Vec<Note>,
    now: Timestamp,
}

/// The senders of the newest messages of a chat.
#[derive(Default, Deserialize)]
struct Tail {
    /// The senders of the entries of the head.
    senders: Vec<UserId>,
    /// The kinds of these entries.
    kinds: Vec<String>,
    /// The newest archived messages.
    #[serde(default)]
    recent: Vec<Sent>,
}

/// What one command returned: the watermarks of a member, or the profile of a user.
#[derive(Deserialize)]
struct Found {
    mark: Option<Mark>,
    profile: Option<PublicProfile>,
}

/// The part of a page that was missing after the first commands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Missing {
    chat_id: ChatId,
    #[serde(default)]
    head: bool,
    number: i64,
    tail: Tail,
    targets: Vec<Entry>,
}

/// A page with entries.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    chat_id: ChatId,
    entries: Vec<Entry>,
}

impl Log {
    /// Returns what a device of `user` has missed, as at most `max_bytes` of JSON.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the database cannot be reached.
    pub async fn sync(&self, user: UserId, input: &SyncInput, max_bytes: usize) -> Result<SyncOutput> {
        let (mut heads, is_complete) = self.heads(user, input, max_bytes).await?;
        // Without a chat, nothing was missed, and nothing can be before the next chat.
        let now = heads.first().map_or(Timestamp::from_millis(0), |head| head.now - MARGIN);
        let gone = if input.before.is_none() { gone(&input.chats, &heads) } else { Vec::new() };
        let affordable = affordable(&heads, input, max_bytes);
        let is_complete = is_complete && affordable == heads.len();
        heads.truncate(affordable);

        let (mut entries, mut found) =
            tokio::try_join!(self.missed_entries(&heads, input), self.marks_and_profiles(user, &heads, input))?;
        let mut chats: Vec<Chat> =
            heads.into_iter().map(|head| Chat::new(head, user, input, &mut entries, &mut found)).collect();
        chats.retain(Chat::has_news);
        self.complete(&mut chats).await?;
        Ok(fit(chats, is_complete, now, gone, max_bytes))
    }

    /// Reads the heads of a user's chats, most recently active first, and whether these are all.
    async fn heads(&self, user: UserId, input: &SyncInput, max_bytes: usize) -> Result<(Vec<Head>, bool)> {
        let mut page = doc! { "members.id": user, "head": true };
        if let Some(InboxCursor { last_activity, chat }) = input.before {
            page.insert("lastActivity", doc! { "$lte": last_activity });
            let after = [doc! { "lastActivity": { "$lt": last_activity } }, doc! { "_id": { "$lt": chat } }];
            page.insert("$or", after.to_vec());
        }
        let mut stages = vec![doc! { "$match": page }, doc! { "$sort": { "lastActivity": -1, "_id": -1 } }];
        // A new device reads no more chats than the answer has room for. Otherwise, which chats are
        // gone shows only in all of them.
        let mut limit = i64::MAX;
        if input.since.0.is_none() && input.chats.iter().next().is_none() {
            limit = (max_bytes / TYPICAL_CHAT_BYTES) as i64;
            stages.push(doc! { "$limit": limit + 1 });
        }
        let (named, seqs): (Vec<ChatId>, Vec<i64>) = input.chats.iter().unzip();
        let other = doc! { "$first": { "$filter": { "input": "$members.id", "cond": { "$ne": ["$$this", user] } } } };
        let own = doc! { "$first": { "$filter": { "input": "$members", "cond": { "$eq": ["$$this.id", user] } } } };
        let changed: Bson = match input.since.0 {
            Some(since) => doc! { "$gt": [{ "$ifNull": ["$updatedAt", "$lastActivity"] }, since] }.into(),
            None => true.into(),
        };
        let if_new = |value: Bson| doc! { "$cond": ["$isNew", value, []] };
        let missed = doc! { "$max": [1, { "$min": [PAGE, { "$subtract": ["$lastSeq", "$held"] }] }] };
        let is_small = doc! { "$lte": [{ "$size": "$members" }, MAX_SHARING as i64] };
        let newest = doc! { "$slice": ["$entries", { "$multiply": [-1, missed] }] };
        // A change may concern an earlier message of the head, which may be archived a moment later.
        let has_changes = doc! { "$in": ["change", "$entries.kind"] };
        stages.extend([
            // The database looks up constants in a hash table.
            doc! { "$set": { "at": { "$indexOfArray": [{ "$literal": named }, "$_id"] } } },
            doc! { "$set": {
                "known": { "$cond": [{ "$gte": ["$at", 0] }, { "$arrayElemAt": [{ "$literal": seqs }, "$at"] }, null] },
            } },
            doc! { "$set": {
                "isNew": { "$cond": [{ "$gte": ["$at", 0] }, { "$gt": ["$lastSeq", "$known"] }, changed] },
                "held": { "$ifNull": ["$known", { "$subtract": ["$lastSeq", MAX_NEWEST] }] },
            } },
            doc! { "$project": {
                "kind": 1, "number": 1, "lastSeq": 1, "lastActivity": 1, "known": 1, "isNew": 1,
                "own": own,
                "friend": { "$cond": [{ "$eq": ["$kind", "direct"] }, other, null] },
                "sharing": { "$cond": [is_small, "$members.id", []] },
                "entries": if_new(doc! { "$cond": [has_changes, "$entries", newest] }.into()),
                "tail": {
                    "senders": if_new("$entries.by".into()),
                    "kinds": if_new("$entries.kind".into()),
                    "recent": if_new(doc! { "$ifNull": ["$recent", []] }.into()),
                },
                "pending": if_new(doc! { "$ifNull": ["$pending", []] }.into()),
                "now": "$$NOW",
            } },
        ]);
        let rows = self.0.aggregate(stages).with_type::<Head>().await?;
        let mut heads: Vec<Head> = rows.try_collect().await?;
        let is_complete = heads.len() as i64 <= limit;
        heads.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok((heads, is_complete))
    }

    /// Reads the archives with missed entries, by chat.
    async fn missed_entries(&self, heads: &[Head], input: &SyncInput) -> Result<HashMap<ChatId, Vec<Entry>>> {
        let archives = heads.iter().flat_map(|head| {
            let wanted = head.wanted(input);
            let page = |seq: i64| (seq - 1) / PAGE;
            let pages =
                if wanted.is_empty() { 0..0 } else { page(wanted.start)..(page(wanted.end - 1) + 1).min(head.number) };
            pages.map(|number| archive_id(head.id, number))
        });
        let ids: Vec<String> = archives.collect();
        let mut entries: HashMap<ChatId, Vec<Entry>> = HashMap::new();
        if ids.is_empty() {
            return Ok(entries);
        }
        let pages = self.0.clone_with_type::<Page>();
        let batch = u32::try_from(ids.len() + 1).unwrap_or(u32::MAX);
        let found = pages.find(doc! { "_id": { "$in": ids } }).projection(doc! { "_id": 0, "chatId": 1, "entries": 1 });
        let mut found = found.batch_size(batch).await?;
        while let Some(page) = found.try_next().await? {
            entries.entry(page.chat_id).or_default().extend(page.entries);
        }
        Ok(entries)
    }

    /// Reads watermarks and profiles in one command: those that have changed, the user's own, and
    /// all of them for chats that are new to the device.
    async fn marks_and_profiles(&self, user: UserId, heads: &[Head], input: &SyncInput) -> Result<People> {
        let ids = |select: &dyn Fn(&&Head) -> bool| heads.iter().filter(select).map(|head| head.id).collect::<Vec<_>>();
        let friends = |select: &dyn Fn(&&Head) -> bool| {
            heads.iter().filter(select).filter_map(|head| head.friend).collect::<Vec<_>>()
        };
        let is_unknown = |head: &&Head| head.is_unknown(input);
        let is_small = |head: &&Head| !head.sharing.is_empty();
        let mut marks = vec![
            doc! { "chatId": { "$in": ids(&|_| true) }, "userId": user },
            doc! { "chatId": { "$in": ids(&|head| is_unknown(head) && is_small(head)) } },
        ];
        let mut profiles = vec![doc! { "_id": { "$in": friends(&is_unknown) } }];
        if let Some(since) = input.since.0 {
            let changed = doc! { "$gt": since };
            marks.push(doc! { "chatId": { "$in": ids(&is_small) }, "updatedAt": changed.clone() });
            profiles.push(doc! { "_id": { "$in": friends(&|_| true) }, "updatedAt": changed });
        }
        let profiles = vec![
            doc! { "$match": { "$or": profiles } },
            doc! { "$project": users::public_fields() },
            doc! { "$project": { "_id": 0, "profile": "$$ROOT" } },
        ];
        let stages = vec![
            doc! { "$match": { "$or": marks } },
            doc! { "$project": { "_id": 0, "mark": "$$ROOT" } },
            doc! { "$unionWith": { "coll": "users", "pipeline": profiles } },
        ];
        let marks = self.0.client().database(&self.0.namespace().db).collection::<Document>(MARKS);
        let rows = marks.aggregate(stages).with_type::<Found>().await?;
        let found: Vec<Found> = rows.try_collect().await?;
        let mut people = People::default();
        for Found { mark, profile } in found {
            if let Some(mark) = mark {
                people.marks.entry(mark.key().0).or_default().push(mark);
            }
            people.profiles.extend(profile.map(|profile| (profile.id(), profile)));
        }
        Ok(people)
    }

    /// Reads what the first commands have shown to be missing: the messages that changes concern, and
    /// the senders of messages in chats where only a watermark has changed.
    async fn complete(&self, chats: &mut [Chat]) -> Result<()> {
        let (mut pages, mut targets) = (Vec::<Bson>::new(), BTreeSet::new());
        for chat in chats.iter_mut() {
            if chat.unread.is_none() {
                pages.push(chat.head.id.into());
            }
            for (page, target) in chat.missing_targets() {
                let is_read = pages.contains(&page);
                if !is_read && pages.len() >= MAX_TARGET_PAGES {
                    chat.end_before_change_of(target);
                    break;
                }
                if !is_read {
                    pages.push(page);
                }
                targets.insert(target);
            }
        }
        if pages.is_empty() {
            return Ok(());
        }
        let targets: Vec<i64> = targets.into_iter().collect();
        let fields = doc! {
            "_id": 0, "chatId": 1,
            "tail": { "senders": "$entries.by", "kinds": "$entries.kind", "recent": "$recent" },
            "number": 1, "head": 1,
            "targets": { "$filter": { "input": "$entries", "cond": { "$in": ["$$this.seq", targets] } } },
        };
        let batch = u32::try_from(pages.len() + 1).unwrap_or(u32::MAX);
        let log = self.0.clone_with_type::<Missing>();
        let found = log.find(doc! { "_id": { "$in": pages } }).projection(fields);
        let found: Vec<Missing> = found.batch_size(batch).await?.try_collect().await?;
        let mut by_chat: HashMap<ChatId, Vec<Missing>> = HashMap::new();
        for missing in found {
            by_chat.entry(missing.chat_id).or_default().push(missing);
        }
        for chat in chats {
            for missing in by_chat.remove(&chat.head.id).into_iter().flatten() {
                chat.add(missing);
            }
        }
        Ok(())
    }
}

/// The watermarks and profiles that a device needs.
#[derive(Default)]
struct People {
    marks: HashMap<ChatId, Vec<Mark>>,
    profiles: HashMap<UserId, PublicProfile>,
}

impl Head {
    /// Returns whether the chat is new to the device: everything about it is sent.
    fn is_unknown(&self, input: &SyncInput) -> bool {
        input.since.0.is_none() || (self.known.is_none() && self.is_new)
    }

    /// Returns the range of `seq`s that the device is to receive.
    fn wanted(&self, input: &SyncInput) -> Range<i64> {
        let limit = input.limit.get() as i64;
        let held = self.known.unwrap_or(self.last_seq - limit.min(MAX_NEWEST)).max(self.own.from - 1);
        if self.is_new { held + 1..(self.last_seq + 1).min(held + 1 + limit) } else { 0..0 }
    }
}

impl Tail {
    /// Returns the number of messages of others after `floor` and after the last message of `reader`.
    fn unread(&self, number: i64, reader: UserId, floor: i64) -> usize {
        let in_head = (number * PAGE + 1..).zip(self.senders.iter().zip(&self.kinds));
        let in_head = in_head.filter(|(_, (_, kind))| *kind == "message").map(|(seq, (by, _))| Sent { seq, by: *by });
        let messages: Vec<Sent> = self.recent.iter().copied().chain(in_head).collect();
        unread(messages.into_iter().rev(), reader, floor)
    }
}

/// A chat in the making of the answer.
struct Chat {
    head: Head,
    reader: UserId,
    is_unknown: bool,
    /// The entries to send, in order.
    entries: Vec<Entry>,
    /// The `seq` of the first entry that the device lacks.
    start: i64,
    /// Whether there are more after these.
    more: bool,
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
    unread: Option<usize>,
}

impl Chat {
    fn new(
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
        // before that. Another sync reads both anew.
        let is_torn = read.iter().any(|entry| entry.version() > head.last_seq);
        if is_torn {
            read.clear();
        }
        let (mut entries, others): (Vec<_>, Vec<_>) = read.into_iter().partition(|entry| wanted.contains(&entry.seq));
        entries.sort_by_key(|entry| entry.seq);

        let mut found = people.marks.remove(&head.id).unwrap_or_default();
        found.retain(|mark| mark.key().1 == reader || head.sharing.contains(&mark.key().1));
        let own = found.iter().find(|mark| mark.key().1 == reader);
        let floor = own.map_or(0, Mark::floor).max(head.own.from - 1);
        let has_changed = |mark: &Mark| is_unknown || input.since.0.is_none_or(|since| mark.updated_at() > since);
        let unread = match () {
            () if floor >= head.last_seq => Some(0),
            () if head.is_new => Some(head.tail.unread(head.number, reader, floor)),
            () => None,
        };
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

    fn has_news(&self) -> bool {
        self.is_unknown || self.head.is_new || !self.marks.is_empty() || self.friend.is_some()
    }

    /// Returns the messages that changes concern and that were not read yet, each with its page.
    fn missing_targets(&self) -> Vec<(Bson, i64)> {
        let held: HashSet<i64> =
            self.entries.iter().map(|entry| entry.seq).chain(self.targets.keys().copied()).collect();
        let targets = self.entries.iter().filter_map(Entry::target);
        let visible = targets.filter(|target| *target >= self.head.own.from && !held.contains(target));
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
    fn end_before_change_of(&mut self, target: i64) {
        let end = self.entries.iter().position(|entry| entry.target() == Some(target)).unwrap_or(self.entries.len());
        self.entries.truncate(end);
        self.more = true;
    }

    fn add(&mut self, missing: Missing) {
        let Missing { head, number, tail, targets, .. } = missing;
        if head && self.unread.is_none() {
            self.unread = Some(tail.unread(number, self.reader, self.floor));
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
    fn into_public(self) -> (SyncedChat, Vec<PublicEntry>) {
        let Head { id, kind, own, friend, last_seq, last_activity, .. } = self.head;
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
            let target = entry.target().filter(|target| *target >= own.from && sent.insert(*target));
            let message = target.and_then(|target| targets.remove(&target)).and_then(Entry::into_message);
            entry.into_public(message)
        });
        (chat, entries.collect())
    }
}

/// Returns the named chats that are not among the user's.
fn gone(named: &KnownChats, heads: &[Head]) -> Vec<ChatId> {
    let present: HashSet<ChatId> = heads.iter().map(|head| head.id).collect();
    named.iter().map(|(chat, _)| chat).filter(|chat| !present.contains(chat)).collect()
}

/// Returns the number of chats whose entries are worth reading for an answer of this size.
fn affordable(heads: &[Head], input: &SyncInput, max_bytes: usize) -> usize {
    let mut bytes = 0;
    let too_much = heads.iter().position(|head| {
        let entries = usize::try_from(head.wanted(input).count()).unwrap_or_default();
        let is_too_much = bytes > max_bytes;
        bytes += entries * TYPICAL_ENTRY_BYTES + if head.is_new { TYPICAL_CHAT_BYTES } else { 0 };
        is_too_much
    });
    too_much.unwrap_or(heads.len())
}

/// Returns the chats as far as they fit into an answer. At least one entry always fits.
fn fit(chats: Vec<Chat>, is_complete: bool, now: Timestamp, gone: Vec<ChatId>, max_bytes: usize) -> SyncOutput {
    let mut output = SyncOutput { now, chats: Vec::new(), gone, next: None };
    let mut bytes = json_bytes(&output);
    let mut rest = chats.into_iter();
    let mut is_complete = is_complete;
    for chat in rest.by_ref() {
        let is_unknown = chat.is_unknown && chat.head.known.is_none();
        let (mut chat, entries) = chat.into_public();
        let base = json_bytes(&chat);
        let sizes: Vec<usize> = entries.iter().map(|entry| json_bytes(entry) + 1).collect();
        let smallest = if is_unknown { sizes.last() } else { sizes.first() };
        let has_room = bytes + base + smallest.copied().unwrap_or_default() <= max_bytes;
        if !has_room && !output.chats.is_empty() {
            is_complete = false;
            break;
        }
        bytes += base;
        let count = if is_unknown {
            fitting(sizes.iter().rev(), &mut bytes, max_bytes)
        } else {
            fitting(sizes.iter(), &mut bytes, max_bytes)
        };
        // Of a chat that is new to the device, the newest entries count.
        let first = if is_unknown { entries.len() - count } else { 0 };
        chat.more |= !is_unknown && count < entries.len();
        chat.entries = entries.into_iter().skip(first).take(count).collect();
        chat.from = chat.entries.first().map_or(chat.from, PublicEntry::seq);
        output.chats.push(chat);
        if bytes >= max_bytes {
            is_complete &= rest.len() == 0;
            break;
        }
    }
    if !is_complete {
        output.next = output.chats.last().map(|chat| InboxCursor { last_activity: chat.last_activity, chat: chat.id });
    }
    output
}

/// Returns the number of entries that fit, of which the first one always does.
fn fitting<'a>(sizes: impl Iterator<Item = &'a usize>, bytes: &mut usize, max_bytes: usize) -> usize {
    let mut count = 0;
    for size in sizes {
        if count > 0 && *bytes + size > max_bytes {
            *bytes = max_bytes;
            break;
        }
        *bytes += size;
        count += 1;
    }
    count
}

/// Returns the size of a value as JSON.
fn json_bytes(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |json| json.len())
}
