//! Adding messages that were sent elsewhere before, many at a time, as copying an existing database does.
//! Nobody else may be sending to the same chats meanwhile: then one of the two writes is refused.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, Result};
use serde::Deserialize;

use super::{Fill, Messages, PAGE_SIZE, StoredMessage};
use crate::ids::{ChatId, MessageId, UserId};
use crate::text::MessageText;
use crate::timestamp::Timestamp;

/// A message that was sent elsewhere.
#[derive(Clone, Debug)]
pub struct PastMessage {
    /// Its id, which it keeps.
    pub id: MessageId,
    /// Who sent it.
    pub send_by: UserId,
    /// When it was sent.
    pub send_time: Timestamp,
    /// What it says.
    pub text: MessageText,
}

impl From<PastMessage> for StoredMessage {
    fn from(PastMessage { id, send_by, send_time, text }: PastMessage) -> Self {
        Self { id, key: id.to_string(), send_by, send_time, message: text.into(), client_id: None }
    }
}

/// What a chat holds already.
#[derive(Debug, Default)]
pub struct Held {
    keys: HashSet<String>,
    last: Option<Fill>,
}

impl Held {
    /// Whether a past message with this id is among it.
    pub fn contains(&self, id: MessageId) -> bool {
        self.keys.contains(&id.to_string())
    }
}

/// A page as far as [`Held`] looks at it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeysOfPage {
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
    /// What these chats hold already; those that hold nothing are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held(&self, chats: &[ChatId]) -> Result<HashMap<ChatId, Held>> {
        let pages = self.pages.clone_with_type::<KeysOfPage>();
        let mut pages = pages
            .find(doc! { "chatId": { "$in": chats } })
            .sort(doc! { "chatId": 1, "number": 1 })
            .projection(doc! { "_id": 0, "chatId": 1, "number": 1, "count": 1, "messages.key": 1 })
            .await?;
        let mut held: HashMap<ChatId, Held> = HashMap::new();
        while let Some(page) = pages.try_next().await? {
            let held = held.entry(page.chat_id).or_default();
            held.keys.extend(page.messages.into_iter().map(|message| message.key));
            held.last = Some(Fill { number: page.number, count: page.count });
        }
        Ok(held)
    }

    /// Adds messages to the ends of chats, in their order. What a chat holds must be what [`Self::held`] told,
    /// and none of the new ones among it.
    ///
    /// # Errors
    /// When the database fails, or somebody else sent to one of the chats in between. Some messages may be there then.
    pub async fn append(&self, additions: Vec<(ChatId, Held, Vec<PastMessage>)>) -> Result<()> {
        let mut new_pages = Vec::new();
        for (chat, held, messages) in additions {
            let mut documents = messages.into_iter().map(|message| StoredMessage::from(message).to_document());
            let (mut number, free) = match held.last {
                Some(Fill { number, count }) => (number + 1, PAGE_SIZE - count),
                None => (0, 0),
            };
            let first: Vec<Document> = documents.by_ref().take(usize::try_from(free).unwrap_or(0)).collect();
            if let (Some(open), false) = (held.last, first.is_empty()) {
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

    /// Adds to a page that has room for it.
    async fn fill(&self, chat: ChatId, open: Fill, messages: Vec<Document>) -> Result<()> {
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
