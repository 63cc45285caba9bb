//! Notes: changes of archived messages that wait in the head for their archives.
//!
//! The append of a change leaves its note, so that nothing stands between the change and its note.
//! Notes are applied in the order of their `seq`, because a later change must not keep an earlier one
//! from being applied. Each step can be repeated:
//!
//! 1. Apply the notes to the archives. A message that has a change does not take it again.
//! 2. Apply them to `last`, the head's copy of the last archived message, and remove them.

use std::collections::BTreeMap;

use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;

use super::entry::{Entry, Note};
use super::log::{Head, Log, PAGE, archive_id};
use crate::error::Result;
use crate::values::ids::ChatId;

impl Note {
    /// Returns `entries` with this change applied, as an aggregation expression.
    fn applied_to(&self, entries: impl Into<Bson>) -> Bson {
        self.fold.expression(entries, self.target, self.by, self.seq)
    }
}

impl Head {
    /// Returns whether the entry is, or would be, in an archive.
    pub(super) fn is_archived(&self, seq: i64) -> bool {
        seq <= self.number * PAGE
    }
}

impl Log {
    /// Applies the notes of a head, all of them and in their order.
    pub(super) async fn finish(&self, chat: ChatId, notes: &[Note]) -> Result<()> {
        let mut archives: BTreeMap<i64, Vec<&Note>> = BTreeMap::new();
        for note in notes {
            archives.entry((note.target - 1) / PAGE).or_default().push(note);
        }
        for (number, notes) in archives {
            let stages: Vec<Document> =
                notes.iter().map(|note| doc! { "$set": { "entries": note.applied_to("$entries") } }).collect();
            self.0.update_one(doc! { "_id": archive_id(chat, number) }, stages).await?;
        }
        let seqs: Vec<i64> = notes.iter().map(|note| note.seq).collect();
        let fold_last = notes.iter().map(|note| {
            let folded = doc! { "$first": note.applied_to(vec![Bson::from("$last")]) };
            doc! { "$set": { "last": { "$cond": [{ "$eq": ["$last.seq", note.target] }, folded, "$last"] } } }
        });
        let rest = doc! { "$filter": { "input": "$pending", "cond": { "$not": { "$in": ["$$this.seq", seqs] } } } };
        let stages: Vec<Document> = fold_last.chain([doc! { "$set": { "pending": rest } }]).collect();
        self.0.update_one(doc! { "_id": chat }, stages).await?;
        Ok(())
    }

    /// Returns an entry of a chat in its present state, if it exists.
    pub(super) async fn entry(&self, chat: ChatId, seq: i64) -> Result<Option<Entry>> {
        let head = self.whole_head(chat).await?;
        if !head.is_archived(seq) {
            return Ok(head.entries.into_iter().find(|entry| entry.seq == seq));
        }
        let mut found = self.archived_entry(chat, seq).await?;
        if let Some(entry) = &mut found {
            entry.fold(&head.pending);
        }
        Ok(found)
    }

    /// Returns an entry as its archive has it, if it exists.
    pub(super) async fn archived_entry(&self, chat: ChatId, seq: i64) -> Result<Option<Entry>> {
        #[derive(Deserialize)]
        struct Archive {
            #[serde(default)]
            entries: Vec<Entry>,
        }
        let archives = self.0.clone_with_type::<Archive>();
        let fields = doc! { "_id": 0, "entries": { "$elemMatch": { "seq": seq } } };
        let id = archive_id(chat, (seq - 1).div_euclid(PAGE));
        let archive = archives.find_one(doc! { "_id": id }).projection(fields).await?;
        Ok(archive.and_then(|Archive { mut entries }| entries.pop()))
    }
}
