//! Messages, kept in pages of 64.
//!
//! A message's number in its chat, `seq`, is its position: the page's number times 64, plus its index in
//! the page, plus one. Sending is one atomic command on the chat's open page, the one that is not full, so
//! numbers have no gap, and nobody sees a message before those in front of it. The next page is opened
//! only when the last one is full; an index allows one open page a chat.
//!
//! A repeated send is stopped by the same command: each message has a `key`, made of the sender and the
//! client's id for it, that the command refuses to add twice to a page, and an index to two pages.

mod past;

use std::ops::ControlFlow;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{Hint, IndexOptions, ReturnDocument};
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use crate::chats::{self, Chat};
use crate::database::{is_duplicate, unique};
use crate::error::{Error, Result};
use crate::ids::{ChatId, MessageId, UserId};
use crate::text::{ClientId, MessageText};
use crate::timestamp::Timestamp;

pub use past::{Held, PastMessage};

/// Messages in a page.
const PAGE_SIZE: i64 = 64;

/// Texts of this many bytes fill one answer: even if every byte takes JSON's longest escape, and that is escaped
/// once more in the function's response, it stays under the 6 MB that Lambda hands on.
pub(crate) const MAX_ANSWER_BYTES: usize = 768 * 1024;

/// How often sending starts over when another sender opened a page at the same moment.
const MAX_TRIES: usize = 20;

/// A message as clients see it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The message's id.
    #[serde(rename = "_id")]
    pub id: MessageId,
    /// Who sent it.
    pub send_by: UserId,
    /// When it was stored.
    pub send_time: Timestamp,
    /// What it says.
    #[cfg_attr(test, schemars(with = "MessageText"))]
    pub message: String,
    /// Its number in the chat: 1, 2, 3 …
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub seq: i64,
    /// The client's own name for it, where it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "ClientId"))]
    pub client_id: Option<String>,
}

/// A message within its page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredMessage {
    #[serde(rename = "_id")]
    id: MessageId,
    key: String,
    send_by: UserId,
    send_time: Timestamp,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
}

impl StoredMessage {
    fn new(sender: UserId, text: MessageText, client_id: Option<ClientId>) -> Self {
        let id = MessageId::new();
        let key = client_id.as_ref().map_or_else(|| id.to_string(), |client_id| format!("{sender}:{client_id}"));
        let client_id = client_id.map(String::from);
        Self { id, key, send_by: sender, send_time: Timestamp::now(), message: text.into(), client_id }
    }

    fn into_message(self, seq: i64) -> Message {
        let Self { id, send_by, send_time, message, client_id, .. } = self;
        Message { id, send_by, send_time, message, seq, client_id }
    }

    fn to_document(&self) -> Document {
        let mut document = doc! {
            "_id": self.id, "key": &self.key, "sendBy": self.send_by, "sendTime": self.send_time, "message": &self.message,
        };
        if let Some(client_id) = &self.client_id {
            document.insert("clientId", client_id);
        }
        document
    }
}

/// A page as far as a reader looks at it.
#[derive(Debug, Deserialize)]
struct Page {
    number: i64,
    messages: Vec<StoredMessage>,
}

impl Page {
    /// The page's messages with their numbers.
    fn into_messages(self) -> impl DoubleEndedIterator<Item = Message> {
        let first = self.number * PAGE_SIZE + 1;
        (first..).zip(self.messages).map(|(seq, message)| message.into_message(seq)).collect::<Vec<_>>().into_iter()
    }
}

/// How far a page is filled.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Fill {
    number: i64,
    count: i64,
}

/// A row of [`chats::with_pages`].
#[derive(Debug, Deserialize)]
struct Row<T> {
    #[serde(rename = "usersId")]
    members: [UserId; 2],
    page: Option<T>,
}

/// The last message of a chat, with what tells its number.
#[derive(Debug, Deserialize)]
pub struct LastPage {
    number: i64,
    count: i64,
    message: StoredMessage,
}

impl LastPage {
    /// What picks it out of the pages of a chat.
    pub(crate) fn stages() -> Vec<Document> {
        vec![
            doc! { "$sort": { "number": -1 } },
            doc! { "$limit": 1 },
            doc! { "$project": { "_id": 0, "number": 1, "count": 1, "message": { "$last": "$messages" } } },
        ]
    }

    pub(crate) fn text_bytes(&self) -> usize {
        self.message.message.len()
    }

    pub(crate) fn send_time(&self) -> Timestamp {
        self.message.send_time
    }

    /// The message itself.
    pub fn into_message(self) -> Message {
        self.message.into_message(self.number * PAGE_SIZE + self.count)
    }
}

/// Which part of a chat to read.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// The newest messages.
    Latest,
    /// The newest of those whose `seq` is smaller.
    Before(i64),
    /// The oldest of those whose `seq` is larger.
    After(i64),
}

/// A part of a chat.
#[derive(Debug)]
pub struct History {
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// Whether there are more in the direction that was read.
    pub has_more: bool,
}

/// The pages of all chats.
pub struct Messages {
    pages: Collection<Document>,
    chats: Collection<Chat>,
}

/// The index that holds the open page of each chat and nothing else.
const OPEN_PAGE: &str = "openPage";

pub(crate) fn indexes() -> Vec<IndexModel> {
    let open = IndexOptions::builder()
        .name(OPEN_PAGE.to_owned())
        .unique(true)
        .partial_filter_expression(doc! { "count": { "$lt": PAGE_SIZE } })
        .build();
    vec![
        unique(doc! { "chatId": 1, "number": 1 }),
        unique(doc! { "chatId": 1, "messages.key": 1 }),
        IndexModel::builder().keys(doc! { "chatId": 1 }).options(open).build(),
    ]
}

impl Messages {
    /// The messages of `database`.
    pub fn new(database: &Database) -> Self {
        Self { pages: database.collection("pages"), chats: database.collection("chats") }
    }

    /// Adds a message to the end of a chat. A repeat, told by its `client_id`, gives the message that is there already.
    ///
    /// # Errors
    /// [`Error::Conflict`] when `client_id` was used for another text.
    pub async fn send(
        &self,
        chat: ChatId,
        sender: UserId,
        text: MessageText,
        client_id: Option<ClientId>,
    ) -> Result<Message> {
        let new = StoredMessage::new(sender, text, client_id);
        for _ in 0..MAX_TRIES {
            if let Some(seq) = self.add_to_open_page(chat, &new).await? {
                return Ok(new.into_message(seq));
            }
            if let Some(original) = self.find_original(chat, &new).await? {
                return if original.message == new.message {
                    Ok(original)
                } else {
                    Err(Error::Conflict("\"clientId\" was used for another message"))
                };
            }
            if let Some(seq) = self.open_page(chat, &new).await? {
                return Ok(new.into_message(seq));
            }
        }
        Err(Error::Unavailable("too many senders opened pages at the same moment".into()))
    }

    /// Reads at most `limit` messages of a chat that `reader` is a member of.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such chat, [`Error::Forbidden`] when it is not the reader's.
    pub async fn history(&self, chat: ChatId, reader: UserId, part: Part, limit: usize) -> Result<History> {
        // The part may begin and end inside a page, and one message more tells whether there is more.
        let pages = i64::try_from((limit + 1) / 64 + 2).unwrap_or(i64::MAX);
        let (range, order) = match part {
            Part::Latest => (doc! {}, -1),
            Part::Before(seq) => (doc! { "number": { "$lte": (seq - 2).div_euclid(PAGE_SIZE) } }, -1),
            Part::After(seq) => (doc! { "number": { "$gte": seq / PAGE_SIZE } }, 1),
        };
        let stages = vec![
            doc! { "$match": range },
            doc! { "$sort": { "number": order } },
            doc! { "$limit": pages },
            doc! { "$project": { "_id": 0, "number": 1, "messages": 1 } },
        ];
        let mut rows = self.chats.aggregate(chats::with_pages(chat, stages)).with_type::<Row<Page>>().await?;
        let mut row = rows.try_next().await?.ok_or_else(chats::unknown_chat)?;
        chats::require_member(&row.members, reader)?;

        let mut reading = Reading::new(part, limit);
        while let Some(page) = row.page {
            if reading.take(page).is_break() {
                break;
            }
            let Some(next) = rows.try_next().await? else { break };
            row = next;
        }
        Ok(reading.finish())
    }

    /// The last message of a chat that `reader` is a member of, if it has any.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub async fn last(&self, chat: ChatId, reader: UserId) -> Result<Option<Message>> {
        let stages = chats::with_pages(chat, LastPage::stages());
        let mut rows = self.chats.aggregate(stages).with_type::<Row<LastPage>>().await?;
        let row = rows.try_next().await?.ok_or_else(chats::unknown_chat)?;
        chats::require_member(&row.members, reader)?;
        Ok(row.page.map(LastPage::into_message))
    }

    /// The number that the message got, or `None` when no page is open or the open one has its key.
    async fn add_to_open_page(&self, chat: ChatId, new: &StoredMessage) -> Result<Option<i64>> {
        let filter = doc! { "chatId": chat, "count": { "$lt": PAGE_SIZE }, "messages.key": { "$ne": &new.key } };
        let update = doc! { "$push": { "messages": new.to_document() }, "$inc": { "count": 1 } };
        let pages = self.pages.clone_with_type::<Fill>();
        let added = pages
            .find_one_and_update(filter, update)
            .projection(doc! { "_id": 0, "number": 1, "count": 1 })
            .return_document(ReturnDocument::After)
            .hint(Hint::Name(OPEN_PAGE.to_owned()))
            .await;
        match added {
            Ok(page) => Ok(page.map(|page| page.number * PAGE_SIZE + page.count)),
            // The key is on an earlier page.
            Err(error) if is_duplicate(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The message that was stored under the same key, if any.
    async fn find_original(&self, chat: ChatId, new: &StoredMessage) -> Result<Option<Message>> {
        if new.client_id.is_none() {
            return Ok(None);
        }
        let pages = self.pages.clone_with_type::<Page>();
        let page = pages.find_one(doc! { "chatId": chat, "messages.key": &new.key }).await?;
        let Some(Page { number, messages }) = page else { return Ok(None) };
        let first = number * PAGE_SIZE + 1;
        let found = (first..).zip(messages).find(|(_, message)| message.key == new.key);
        Ok(found.map(|(seq, message)| message.into_message(seq)))
    }

    /// Opens the next page with the message as its first. `None` when somebody else was faster, or the key is there already.
    async fn open_page(&self, chat: ChatId, new: &StoredMessage) -> Result<Option<i64>> {
        let pages = self.pages.clone_with_type::<Fill>();
        let last = pages
            .find_one(doc! { "chatId": chat })
            .sort(doc! { "number": -1 })
            .projection(doc! { "number": 1, "count": 1 })
            .await?;
        let number = match last {
            Some(last) if last.count < PAGE_SIZE => return Ok(None),
            Some(last) => last.number + 1,
            None => 0,
        };
        let page =
            doc! { "chatId": chat, "number": number, "count": 1_i64, "messages": [Bson::Document(new.to_document())] };
        match self.pages.insert_one(page).await {
            Ok(_) => Ok(Some(number * PAGE_SIZE + 1)),
            Err(error) if is_duplicate(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Picks the messages of a part out of the pages that hold it, in the direction of reading.
struct Reading {
    part: Part,
    limit: usize,
    bytes: usize,
    messages: Vec<Message>,
    has_more: bool,
}

impl Reading {
    fn new(part: Part, limit: usize) -> Self {
        Self { part, limit, bytes: 0, messages: Vec::new(), has_more: false }
    }

    /// Takes what belongs to the part out of the next page; breaks when the part is complete.
    fn take(&mut self, page: Page) -> ControlFlow<()> {
        let messages = page.into_messages();
        match self.part {
            Part::Latest => messages.rev().try_for_each(|message| self.add(message)),
            Part::Before(end) => {
                messages.rev().filter(|message| message.seq < end).try_for_each(|message| self.add(message))
            }
            Part::After(start) => {
                messages.filter(|message| message.seq > start).try_for_each(|message| self.add(message))
            }
        }
    }

    fn add(&mut self, message: Message) -> ControlFlow<()> {
        self.bytes += message.message.len();
        let full = self.messages.len() == self.limit || (self.bytes > MAX_ANSWER_BYTES && !self.messages.is_empty());
        if full {
            self.has_more = true;
            return ControlFlow::Break(());
        }
        self.messages.push(message);
        ControlFlow::Continue(())
    }

    fn finish(mut self) -> History {
        if !matches!(self.part, Part::After(_)) {
            self.messages.reverse();
        }
        History { messages: self.messages, has_more: self.has_more }
    }
}
