//! Rolling: emptying a full head.
//!
//! A full head refuses entries, so its entries are frozen and their copy is exact. Each step can be
//! repeated, and whoever meets a half-rolled head continues where another process died:
//!
//! 1. Store the archive, without keys, since the head still has them.
//! 2. Remove the entries from the head and move its keys to `prevKeys`.
//! 3. Give the keys to the archive.

use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;

use super::log::{LAST_ENTRY, Log, PAGE, archive_id};
use super::unread::{messages_in_head, newest_messages};
use crate::contract::errors::NO_SUCH_CHAT;
use crate::database::is_duplicate;
use crate::error::Result;
use crate::values::ids::ChatId;

/// A head that may be full.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Full {
    number: i64,
    entries: Vec<Document>,
    keys: Vec<String>,
    prev_keys: Vec<String>,
}

impl Log {
    /// Empties the head of a chat if it is full.
    pub(super) async fn roll(&self, chat: ChatId) -> Result<()> {
        let heads = self.0.clone_with_type::<Full>();
        let fields = doc! { "_id": 0, "number": 1, "entries": 1, "keys": 1, "prevKeys": 1 };
        let head = heads.find_one(doc! { "_id": chat }).projection(fields).await?.ok_or(NO_SUCH_CHAT)?;
        let Full { number, entries, keys, prev_keys } = head;
        if (entries.len() as i64) < PAGE {
            return Ok(());
        }
        // The next step overwrites `prevKeys`.
        if number > 0 {
            self.publish(chat, number - 1, &prev_keys).await?;
        }
        self.archive(chat, number, entries).await?;
        let filter = doc! { "_id": chat, "number": number, LAST_ENTRY: { "$exists": true } };
        let update = vec![doc! { "$set": {
            "number": number + 1,
            "last": { "$ifNull": [{ "$last": messages_in_head() }, "$last"] },
            "recent": newest_messages(messages_in_head()),
            "entries": [],
            "keys": [],
            "prevKeys": "$keys",
        } }];
        self.0.update_one(filter, update).await?;
        self.publish(chat, number, &keys).await
    }

    /// Stores an archive without keys, unless it is stored already.
    async fn archive(&self, chat: ChatId, number: i64, entries: Vec<Document>) -> Result<()> {
        let (id, entries) = (archive_id(chat, number), entries.into_iter().map(Bson::from).collect::<Vec<_>>());
        // Negative, since the head still has the number itself.
        let archive = doc! { "_id": id, "chatId": chat, "number": -1 - number, "entries": entries };
        match self.0.insert_one(archive).await {
            Err(error) if !is_duplicate(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Gives an archive the keys that its head has dropped, unless it has them already.
    pub(super) async fn publish(&self, chat: ChatId, number: i64, keys: &[String]) -> Result<()> {
        let filter = doc! { "_id": archive_id(chat, number), "keys": { "$exists": false } };
        self.0.update_one(filter, doc! { "$set": { "keys": keys, "number": number } }).await?;
        Ok(())
    }
}
