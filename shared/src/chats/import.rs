//! Importing messages from another system, many at a time.
//!
//! If somebody sends to the same chats in the meantime, one of the two writes is refused.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, Result};
use serde::Deserialize;

use super::messages::{Messages, PAGE_SIZE, PageFill, StoredMessage};
use crate::values::ids::{ChatId, MessageId, UserId};
use crate::values::text::MessageText;
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
}

impl From<ImportedMessage> for StoredMessage {
    fn from(ImportedMessage { id, send_by, send_time, text }: ImportedMessage) -> Self {
        Self { id, key: id.to_string(), send_by, send_time, message: text.into(), client_id: None }
    }
}

/// The messages that a chat has already.
#[derive(Debug, Default)]
pub struct Existing {
    keys: HashSet<String>,
    last: Option<PageFill>,
}

impl Existing {
    /// Returns whether an imported message with this id is among them.
    pub fn contains(&self, id: MessageId) -> bool {
        self.keys.contains(&id.to_string())
    }
}

/// The fields of a page that [`Existing`] needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageKeys {
    chat_id: ChatId,
    number: i64,
    count: i64,
    messages: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

impl Messages {
    /// Returns the messages that these chats have already. Empty chats are left out.
    ///
    /// # Errors
    /// An error of the driver.
    pub async fn existing(&self, chats: &[ChatId]) -> Result<HashMap<ChatId, Existing>> {
        let pages = self.pages.clone_with_type::<PageKeys>();
        let mut pages = pages
            .find(doc! { "chatId": { "$in": chats } })
            .sort(doc! { "chatId": 1, "number": 1 })
            .projection(doc! { "_id": 0, "chatId": 1, "number": 1, "count": 1, "messages.key": 1 })
            .await?;
        let mut existing: HashMap<ChatId, Existing> = HashMap::new();
        while let Some(page) = pages.try_next().await? {
            let chat = existing.entry(page.chat_id).or_default();
            chat.keys.extend(page.messages.into_iter().map(|message| message.key));
            chat.last = Some(PageFill { number: page.number, count: page.count });
        }
        Ok(existing)
    }

    /// Appends messages to chats, in their order. [`Self::existing`] must have returned the present
    /// messages of each chat, and none of the new ones may be among them.
    ///
    /// # Errors
    /// An error of the driver, or an error if somebody else sent to one of the chats in between. Some
    /// of the messages may be stored then.
    pub async fn append(&self, additions: Vec<(ChatId, Existing, Vec<ImportedMessage>)>) -> Result<()> {
        let mut new_pages = Vec::new();
        for (chat, existing, messages) in additions {
            let mut documents = messages.into_iter().map(|message| StoredMessage::from(message).to_document());
            let (mut number, free) = match existing.last {
                Some(PageFill { number, count }) => (number + 1, PAGE_SIZE - count),
                None => (0, 0),
            };
            let first: Vec<Document> = documents.by_ref().take(usize::try_from(free).unwrap_or(0)).collect();
            if let (Some(open), false) = (existing.last, first.is_empty()) {
                self.fill(chat, open, first).await?;
            }
            loop {
                let messages: Vec<Bson> = documents.by_ref().take(PAGE_SIZE as usize).map(Bson::Document).collect();
                if messages.is_empty() {
                    break;
                }
                let count = i64::try_from(messages.len()).unwrap_or(PAGE_SIZE);
                new_pages.push(doc! { "chatId": chat, "number": number, "count": count, "messages": messages });
                number += 1;
            }
        }
        if !new_pages.is_empty() {
            self.pages.insert_many(new_pages).await?;
        }
        Ok(())
    }

    /// Appends to a page that has enough room.
    async fn fill(&self, chat: ChatId, open: PageFill, messages: Vec<Document>) -> Result<()> {
        let added = i64::try_from(messages.len()).unwrap_or(PAGE_SIZE);
        let filter = doc! { "chatId": chat, "number": open.number, "count": open.count };
        let update = doc! { "$push": { "messages": { "$each": messages } }, "$inc": { "count": added } };
        let updated = self.pages.update_one(filter, update).await?;
        if updated.matched_count == 1 {
            Ok(())
        } else {
            Err(Error::custom("somebody else sent to the chat at the same time"))
        }
    }
}
