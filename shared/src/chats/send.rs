//! Sending: one atomic command on the head, which checks membership, looks for a repeat and appends.

use mongodb::bson::doc;
use mongodb::options::ReturnDocument;
use serde::Deserialize;

use super::entry::{Draft, Entry, NewMessage};
use super::log::{LAST_ENTRY, Log, Member, PAGE, require_member};
use crate::contract::errors::{CLIENT_ID_REUSED, NO_SUCH_CHAT};
use crate::database::is_duplicate;
use crate::error::{Error, Result};
use crate::values::deadline::Deadline;
use crate::values::ids::{ChatId, UserId};

/// The number of attempts at a send if other senders fill the head in between.
const MAX_ATTEMPTS: usize = 20;

/// An entry that was appended, and the members who may see it.
#[derive(Debug)]
pub struct Appended {
    /// The chat.
    pub chat: ChatId,
    /// The entry.
    pub entry: Entry,
    /// The members of the chat when the entry was appended.
    pub members: Vec<Member>,
}

/// The part of a head that tells why it did not match.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    members: Vec<Member>,
    number: i64,
    keys: Vec<String>,
    prev_keys: Vec<String>,
}

/// A head or an archive, by its keys.
#[derive(Deserialize)]
struct Keyed {
    keys: Vec<String>,
    entries: Vec<Entry>,
}

impl Log {
    /// Appends a message to a chat. A repeat, which has the same `client_id`, returns the original
    /// message.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`], [`NOT_A_MEMBER`](crate::contract::errors::NOT_A_MEMBER), or
    /// [`CLIENT_ID_REUSED`] if `client_id` was used for another text.
    pub async fn send(&self, chat: ChatId, sender: UserId, draft: Draft, _deadline: Deadline) -> Result<Appended> {
        let new = NewMessage::new(sender, draft.text, draft.client_id);
        for _ in 0..MAX_ATTEMPTS {
            if let Some(appended) = self.append(chat, &new).await? {
                return Ok(appended);
            }
            let Refusal { members, number, keys, prev_keys } = self.refusal(chat).await?;
            require_member(&members, sender)?;
            let key = new.key();
            if prev_keys.contains(&key) {
                self.publish(chat, number - 1, &prev_keys).await?;
            } else if keys.len() as i64 == PAGE && !keys.contains(&key) {
                self.roll(chat).await?;
                continue;
            }
            if let Some(original) = self.original(chat, &new).await? {
                let is_repeat = original.text == new.text.as_str();
                return if is_repeat { Ok(Appended { chat, entry: original, members }) } else { Err(CLIENT_ID_REUSED) };
            }
            // Otherwise, another sender has emptied the head in between.
        }
        Err(Error::Unavailable("other senders filled the chat at every attempt".into()))
    }

    /// Returns the appended entry, or `None` if the head did not match, or an archive has the key.
    async fn append(&self, chat: ChatId, new: &NewMessage) -> Result<Option<Appended>> {
        #[derive(Deserialize)]
        struct Head {
            members: Vec<Member>,
            entries: [Entry; 1],
        }
        let key = new.key();
        let filter = doc! {
            "_id": chat,
            "members.id": new.by,
            LAST_ENTRY: { "$exists": false },
            "keys": { "$ne": &key },
            "prevKeys": { "$ne": &key },
        };
        // All of these expressions see the head as it was before.
        let seq = doc! { "$add": ["$lastSeq", 1_i64] };
        // A literal, so that no text is taken for an expression.
        let entry =
            doc! { "$mergeObjects": [{ "$literal": new.to_document() }, { "seq": seq.clone(), "at": "$$NOW" }] };
        let update = vec![doc! { "$set": {
            "lastSeq": seq,
            "lastActivity": "$$NOW",
            "keys": { "$concatArrays": ["$keys", [{ "$literal": key }]] },
            "entries": { "$concatArrays": ["$entries", [entry]] },
        } }];
        let heads = self.0.clone_with_type::<Head>();
        let appended = heads
            .find_one_and_update(filter, update)
            .projection(doc! { "_id": 0, "members": 1, "entries": { "$slice": -1 } })
            .return_document(ReturnDocument::After)
            .await;
        match appended {
            Ok(head) => Ok(head.map(|Head { members, entries: [entry] }| Appended { chat, entry, members })),
            Err(error) if is_duplicate(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads why a head did not match.
    async fn refusal(&self, chat: ChatId) -> Result<Refusal> {
        let heads = self.0.clone_with_type::<Refusal>();
        let fields = doc! { "_id": 0, "members": 1, "number": 1, "keys": 1, "prevKeys": 1 };
        heads.find_one(doc! { "_id": chat }).projection(fields).await?.ok_or(NO_SUCH_CHAT)
    }

    /// Returns the message that was stored with the same key, if there is one.
    ///
    /// It is found by a write that changes nothing, because only a write waits until a majority of the
    /// servers has the original. A read cannot tell whether a change of the primary may still take it
    /// back.
    async fn original(&self, chat: ChatId, new: &NewMessage) -> Result<Option<Entry>> {
        let key = new.key();
        let pages = self.0.clone_with_type::<Keyed>();
        let nothing = vec![doc! { "$set": { "_id": "$_id" } }];
        let found = pages
            .find_one_and_update(doc! { "chatId": chat, "keys": &key }, nothing)
            .projection(doc! { "_id": 0, "keys": 1, "entries": 1 })
            .await?;
        Ok(found.and_then(|Keyed { keys, entries }| {
            let (_, entry) = keys.into_iter().zip(entries).find(|(other, _)| *other == key)?;
            Some(entry)
        }))
    }
}
