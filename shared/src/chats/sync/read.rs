//! Reading what a sync needs.

use std::collections::{BTreeSet, HashMap};

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;

use super::chat::Chat;
use super::rows::{Head, MAX_NEWEST, Missing, People, TYPICAL_CHAT_BYTES};
use crate::accounts::users::{self, PublicProfile};
use crate::chats::entry::Entry;
use crate::chats::log::{Log, PAGE, archive_id};
use crate::chats::marks::{MARKS, MAX_SHARING, Mark};
use crate::contract::synced::SyncInput;
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};
use crate::values::inbox_cursor::InboxCursor;

/// The maximum number of pages that are read for the messages that changes concern.
const MAX_TARGET_PAGES: usize = 16;

/// More documents than any of the commands returns, so that all of them are in its first answer.
const ALL: u32 = 1_000_000;

/// A row of the answer of one command: the watermarks of a member, or the profile of a user.
#[derive(Deserialize)]
struct Found {
    mark: Option<Mark>,
    profile: Option<PublicProfile>,
}

/// A page with entries.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    chat_id: ChatId,
    entries: Vec<Entry>,
}

impl Log {
    /// Reads the heads of a user's chats, most recently active first, and whether these are all.
    pub(super) async fn heads(&self, user: UserId, input: &SyncInput, max_bytes: usize) -> Result<(Vec<Head>, bool)> {
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
        let if_new = |value: Bson| doc! { "$cond": ["$isNew", value, "$$REMOVE"] };
        let missed = doc! { "$max": [1, { "$min": [PAGE, { "$subtract": ["$lastSeq", "$held"] }] }] };
        let is_small = doc! { "$lte": [{ "$size": "$members" }, MAX_SHARING as i64] };
        let newest = doc! { "$slice": ["$entries", { "$multiply": [-1, missed] }] };
        // A change may concern an earlier message of the head, which may be archived a moment later.
        let has_changes = doc! { "$in": ["change", "$entries.kind"] };
        let has_only_messages = doc! { "$setIsSubset": ["$entries.kind", ["message"]] };
        let others = doc! { "$indexOfArray": [{ "$reverseArray": "$entries.by" }, user] };
        stages.extend([
            // The database looks up constants in a hash table.
            doc! { "$set": { "at": { "$indexOfArray": [{ "$literal": named }, "$_id"] } } },
            doc! { "$set": {
                "known": { "$cond": [{ "$gte": ["$at", 0] }, { "$arrayElemAt": [{ "$literal": seqs }, "$at"] }, null] },
            } },
            doc! { "$set": {
                "isNew": { "$cond": [{ "$gte": ["$at", 0] }, { "$gt": ["$lastSeq", "$known"] }, changed] },
                "held": { "$ifNull": ["$known", { "$subtract": ["$lastSeq", MAX_NEWEST] }] },
                "own": own,
            } },
            doc! { "$project": {
                "kind": 1, "number": 1, "lastSeq": 1, "lastActivity": 1, "known": 1, "isNew": 1,
                "from": "$own.from",
                "friend": { "$cond": [{ "$eq": ["$kind", "direct"] }, other, null] },
                "sharing": { "$cond": [is_small, "$members.id", []] },
                "entries": if_new(doc! { "$cond": [has_changes, "$entries", newest] }.into()),
                "pending": if_new("$pending".into()),
                "others": if_new(doc! { "$cond": [has_only_messages, others, null] }.into()),
                "now": "$$NOW",
            } },
        ]);
        let rows = self.0.aggregate(stages).batch_size(ALL).with_type::<Head>().await?;
        let mut heads: Vec<Head> = rows.try_collect().await?;
        let is_complete = heads.len() as i64 <= limit;
        heads.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok((heads, is_complete))
    }

    /// Reads the archives with missed entries, by chat.
    pub(super) async fn missed_entries(
        &self,
        heads: &[Head],
        input: &SyncInput,
    ) -> Result<HashMap<ChatId, Vec<Entry>>> {
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
        let found = pages.find(doc! { "_id": { "$in": ids } }).projection(doc! { "_id": 0, "chatId": 1, "entries": 1 });
        let mut found = found.batch_size(ALL).await?;
        while let Some(page) = found.try_next().await? {
            entries.entry(page.chat_id).or_default().extend(page.entries);
        }
        Ok(entries)
    }

    /// Reads watermarks and profiles in one command: those that have changed, the user's own, and
    /// all of them for chats that are new to the device.
    pub(super) async fn marks_and_profiles(&self, user: UserId, heads: &[Head], input: &SyncInput) -> Result<People> {
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
        let rows = marks.aggregate(stages).batch_size(ALL).with_type::<Found>().await?;
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
    pub(super) async fn complete(&self, chats: &mut [Chat]) -> Result<()> {
        let counted = chats.iter().filter(|chat| chat.unread.is_none());
        let mut pages: Vec<Bson> = counted.map(|chat| chat.head.id.into()).collect();
        let (max_pages, mut targets) = (pages.len() + MAX_TARGET_PAGES, BTreeSet::new());
        for chat in chats.iter_mut() {
            for (page, target) in chat.missing_targets() {
                let is_read = pages.contains(&page);
                if !is_read && pages.len() >= max_pages {
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
        let log = self.0.clone_with_type::<Missing>();
        let found = log.find(doc! { "_id": { "$in": pages } }).projection(fields);
        let found: Vec<Missing> = found.batch_size(ALL).await?.try_collect().await?;
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
