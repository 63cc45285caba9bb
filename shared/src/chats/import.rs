//! Importing chats and messages from another system, many at a time.
//!
//! That system did not say who has read what. Imported messages count as read, since otherwise a
//! migration would make whole chats unread.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, Result};
use serde::Deserialize;

use super::direct::{Pair, empty_head};
use super::entry::repeatable_key;
use super::log::{Log, Member, PAGE, archive_id};
use super::marks::MARKS;
use super::unread::MAX_UNREAD;
use crate::values::ids::{ChatId, MessageId, UserId};
use crate::values::text::{ClientId, MessageText};
use crate::values::timestamp::Timestamp;

/// A message from another system.
#[derive(Clone, Debug)]
pub struct ImportedMessage {
    /// The id, which the message keeps.
    pub id: MessageId,
    /// The user who sent it.
    pub send_by: UserId,
    /// The time at which it was sent.
    pub send_time: Timestamp,
    /// The text.
    pub text: MessageText,
    /// The client's own name for the message, if it gave one.
    pub client_id: Option<ClientId>,
}

impl ImportedMessage {
    fn key(&self) -> String {
        match &self.client_id {
            Some(client_id) => repeatable_key(self.send_by, client_id.as_str()),
            None => self.id.to_string(),
        }
    }

    fn to_document(&self, seq: i64) -> Document {
        let mut document = doc! {
            "seq": seq,
            "_id": self.id,
            "kind": "message",
            "by": self.send_by,
            "at": self.send_time,
            "text": &self.text,
        };
        if let Some(client_id) = &self.client_id {
            document.insert("clientId", client_id);
        }
        document
    }
}

/// A direct chat from another system.
#[derive(Clone, Copy, Debug)]
pub struct ImportedChat {
    /// The id, which the chat keeps.
    pub id: ChatId,
    /// The two members.
    pub pair: Pair,
    /// The time at which the chat was started.
    pub created_at: Timestamp,
}

/// A chat that exists already.
#[derive(Debug)]
pub struct Existing {
    /// The members.
    pub members: Vec<UserId>,
    head: Head,
    keys: HashSet<String>,
}

impl Existing {
    /// Returns whether the chat has this message.
    pub fn contains(&self, message: &ImportedMessage) -> bool {
        self.keys.contains(&message.key())
    }
}

/// The part of a head that imported messages are appended to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(rename = "_id")]
    id: ChatId,
    members: Vec<Member>,
    last_seq: i64,
    keys: Vec<String>,
    prev_keys: Vec<String>,
}

/// Messages to append to a chat, which is created if it does not exist.
pub struct Import {
    /// The chat.
    pub chat: ImportedChat,
    /// The chat as it is, if it exists.
    pub existing: Option<Existing>,
    /// The messages, in their order. The chat must not have any of them.
    pub messages: Vec<ImportedMessage>,
}

/// The keys of an archive.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArchiveKeys {
    chat_id: ChatId,
    keys: Vec<String>,
}

impl Log {
    /// Returns those of these chats that exist.
    ///
    /// # Errors
    /// An error of the driver.
    pub async fn existing(&self, chats: &[ChatId]) -> Result<HashMap<ChatId, Existing>> {
        let heads = self.0.clone_with_type::<Head>();
        let heads: Vec<Head> = heads.find(doc! { "_id": { "$in": chats } }).await?.try_collect().await?;
        let mut existing: HashMap<_, _> = heads.into_iter().map(|head| (head.id, Existing::new(head))).collect();
        let archives = self.0.clone_with_type::<ArchiveKeys>();
        let found: Vec<&ChatId> = existing.keys().collect();
        let filter = doc! { "chatId": { "$in": found }, "number": { "$gte": 0 }, "head": { "$exists": false } };
        let mut archives = archives.find(filter).projection(doc! { "_id": 0, "chatId": 1, "keys": 1 }).await?;
        while let Some(archive) = archives.try_next().await? {
            if let Some(chat) = existing.get_mut(&archive.chat_id) {
                chat.keys.extend(archive.keys);
            }
        }
        Ok(existing)
    }

    /// Returns the chats of these pairs that exist.
    ///
    /// # Errors
    /// An error of the driver.
    pub async fn chats_of(&self, pairs: &[Pair]) -> Result<HashMap<Pair, ChatId>> {
        #[derive(Deserialize)]
        struct PairHead {
            #[serde(rename = "_id")]
            id: ChatId,
            pair: Pair,
        }
        let heads = self.0.clone_with_type::<PairHead>();
        let cursor = heads.find(doc! { "pair": { "$in": pairs } }).projection(doc! { "pair": 1 }).await?;
        cursor.map_ok(|head| (head.pair, head.id)).try_collect().await
    }

    /// Appends messages to chats. [`Self::existing`] must have returned the present state of each.
    ///
    /// # Errors
    /// An error of the driver, or an error if somebody else sent to one of the chats in between. Some
    /// of the messages may be stored then.
    pub async fn import(&self, imports: Vec<Import>) -> Result<()> {
        let (mut new, mut archives, mut marks, mut heads) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for Import { chat, existing, messages } in imports {
            match existing {
                Some(existing) => self.extend(existing.head, &messages).await?,
                None => {
                    let pages = Pages::new(&messages);
                    new.push(chat.id);
                    archives.extend(pages.archives(chat.id));
                    marks.extend(chat.pair.users().map(|user| all_read(chat.id, user, messages.len())));
                    let mut head = empty_head(chat.id, chat.pair, chat.created_at);
                    head.insert("updatedAt", Timestamp::now());
                    head.extend(pages.head());
                    heads.push(head);
                }
            }
        }
        if heads.is_empty() {
            return Ok(());
        }
        // An import that was interrupted may have left archives and marks. The heads come last: without
        // one, nobody sees a chat or can send to it.
        self.0.delete_many(doc! { "chatId": { "$in": &new }, "head": { "$exists": false } }).await?;
        self.marks().delete_many(doc! { "chatId": { "$in": new } }).await?;
        self.marks().insert_many(marks).await?;
        if !archives.is_empty() {
            self.0.insert_many(archives).await?;
        }
        self.0.insert_many(heads).await?;
        Ok(())
    }

    /// Appends messages to a chat that exists, and rolls it as sends do.
    async fn extend(&self, head: Head, messages: &[ImportedMessage]) -> Result<()> {
        let Head { id, mut last_seq, .. } = head;
        let mut rest = messages;
        while !rest.is_empty() {
            // A head with `last_seq` entries is full if that is a multiple of the page.
            let used = usize::try_from(last_seq % PAGE).unwrap_or_default();
            if used == 0 {
                self.roll(id).await.map_err(Error::custom)?;
            }
            let (fitting, later) = rest.split_at(rest.len().min(PAGE as usize - used));
            self.fill(id, last_seq, fitting).await?;
            last_seq += fitting.len() as i64;
            rest = later;
        }
        // For a member with unread messages, the imported ones are unread, too.
        let had_read_all = doc! { "chatId": id, "read": head.last_seq };
        let update = doc! {
            "$max": { "delivered": last_seq, "read": last_seq },
            "$currentDate": { "updatedAt": true },
        };
        self.marks().update_many(had_read_all, update).await?;
        Ok(())
    }

    /// Returns the marks of the members of these chats.
    fn marks(&self) -> Collection<Document> {
        self.0.client().database(&self.0.namespace().db).collection(MARKS)
    }

    /// Appends messages to a head that has room for them.
    async fn fill(&self, chat: ChatId, last_seq: i64, messages: &[ImportedMessage]) -> Result<()> {
        let entries: Vec<_> = (last_seq + 1..).zip(messages).map(|(seq, message)| message.to_document(seq)).collect();
        let keys: Vec<_> = messages.iter().map(ImportedMessage::key).collect();
        let last = messages.last().map(|message| message.send_time);
        let update = doc! {
            "$push": { "entries": { "$each": entries }, "keys": { "$each": keys } },
            "$inc": { "lastSeq": messages.len() as i64 },
            "$set": { "lastActivity": last },
            "$currentDate": { "updatedAt": true },
        };
        let filled = self.0.update_one(doc! { "_id": chat, "lastSeq": last_seq }, update).await?;
        if filled.matched_count == 1 {
            Ok(())
        } else {
            Err(Error::custom("somebody else sent to the chat at the same time"))
        }
    }
}

impl Existing {
    fn new(head: Head) -> Self {
        let members = head.members.iter().map(|member| member.id).collect();
        let keys = head.keys.iter().chain(&head.prev_keys).cloned().collect();
        Self { members, head, keys }
    }
}

/// Returns the marks of a member who has read all of a new chat. Their id is the same in every import.
fn all_read(chat: ChatId, user: UserId, count: usize) -> Document {
    let last_seq = count as i64;
    doc! {
        "_id": format!("{chat}:{user}"),
        "chatId": chat,
        "userId": user,
        "delivered": last_seq,
        "read": last_seq,
        "updatedAt": Timestamp::now(),
    }
}

/// The entries of a new chat, and their keys.
struct Pages {
    entries: Vec<Document>,
    keys: Vec<String>,
}

impl Pages {
    fn new(messages: &[ImportedMessage]) -> Self {
        let entries = (1..).zip(messages).map(|(seq, message)| message.to_document(seq));
        Self { entries: entries.collect(), keys: messages.iter().map(ImportedMessage::key).collect() }
    }

    /// Returns the pages before that of the head.
    fn full(&self) -> impl Iterator<Item = (&[Document], &[String])> {
        let page = PAGE as usize;
        let count = self.entries.len().saturating_sub(1) / page;
        self.entries.chunks(page).zip(self.keys.chunks(page)).take(count)
    }

    /// Returns the archives.
    fn archives(&self, chat: ChatId) -> Vec<Document> {
        let archive = |(number, (entries, keys)): (i64, (&[Document], &[String]))| {
            let entries: Vec<Bson> = entries.iter().cloned().map(Bson::from).collect();
            doc! { "_id": archive_id(chat, number), "chatId": chat, "number": number, "entries": entries, "keys": keys }
        };
        (0..).zip(self.full()).map(archive).collect()
    }

    /// Returns the positions and senders of the last entries before the entry with this index.
    fn recent(&self, end: usize) -> Vec<Document> {
        let sent = |entry: &Document| {
            ["seq", "by"].iter().filter_map(|name| Some(((*name).to_owned(), entry.get(name)?.clone()))).collect()
        };
        self.entries[end.saturating_sub(MAX_UNREAD)..end].iter().map(sent).collect()
    }

    /// Returns the fields of the head that depend on the entries.
    fn head(&self) -> Document {
        let full = self.full().count();
        let split = full * PAGE as usize;
        let entries: Vec<Bson> = self.entries[split..].iter().cloned().map(Bson::from).collect();
        let mut head = doc! {
            "number": full as i64,
            "lastSeq": self.entries.len() as i64,
            "entries": entries,
            "keys": &self.keys[split..],
        };
        if full > 0 {
            head.insert("prevKeys", &self.keys[split - PAGE as usize..split]);
            head.insert("last", self.entries[split - 1].clone());
            head.insert("recent", self.recent(split));
        }
        if let Some(at) = self.entries.last().and_then(|entry| entry.get("at")) {
            head.insert("lastActivity", at.clone());
        }
        head
    }
}
