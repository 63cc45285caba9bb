//! Messages, kept in pages of 64.
//!
//! The `seq` of a message is its position: the number of the page times 64, plus the index in the
//! page, plus one. Sending is one atomic command on the open page of the chat, the one that is not
//! full. So numbers have no gap, and nobody sees a message before one with a smaller number. The
//! next page is opened only when the last one is full; an index allows one open page per chat.
//!
//! The same command stops a repeated send. Each message has a `key`, made of the sender and the
//! client's id for it. The command refuses to add a key twice to a page, and an index refuses to
//! add it to two pages.

use std::ops::ControlFlow;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{Hint, IndexOptions, ReturnDocument};
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use super::chat::{self, Chat};
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::{CLIENT_ID_REUSED, NO_SUCH_CHAT};
use crate::contract::message::Message;
use crate::database::{is_duplicate, unique};
use crate::error::{Error, Result};
use crate::values::ids::{ChatId, MessageId, UserId};
use crate::values::text::{ClientId, MessageText};
use crate::values::timestamp::Timestamp;

/// The number of messages in a full page.
pub(super) const PAGE_SIZE: i64 = 64;

/// The maximum number of bytes of text in one answer. Even if every byte takes JSON's longest escape,
/// which is escaped once more in the response of the function, the response stays below Lambda's
/// 6 MB (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub(super) const MAX_ANSWER_BYTES: usize = 768 * 1024;

/// The number of attempts at a send if other senders open pages at the same time.
const MAX_ATTEMPTS: usize = 20;

/// A message within its page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StoredMessage {
    #[serde(rename = "_id")]
    pub(super) id: MessageId,
    pub(super) key: String,
    pub(super) send_by: UserId,
    pub(super) send_time: Timestamp,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
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

    pub(super) fn to_document(&self) -> Document {
        let mut document = doc! {
            "_id": self.id,
            "key": &self.key,
            "sendBy": self.send_by,
            "sendTime": self.send_time,
            "message": &self.message,
        };
        if let Some(client_id) = &self.client_id {
            document.insert("clientId", client_id);
        }
        document
    }
}

/// The fields of a page that a reader needs.
#[derive(Debug, Deserialize)]
struct Page {
    number: i64,
    messages: Vec<StoredMessage>,
}

impl Page {
    /// Returns the messages with their numbers.
    fn into_messages(self) -> impl DoubleEndedIterator<Item = Message> {
        let first = self.number * PAGE_SIZE + 1;
        (first..).zip(self.messages).map(|(seq, message)| message.into_message(seq)).collect::<Vec<_>>().into_iter()
    }
}

/// The fill level of a page.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct PageFill {
    pub(super) number: i64,
    pub(super) count: i64,
}

/// A row of [`chat::with_pages`].
#[derive(Debug, Deserialize)]
struct Row<T> {
    #[serde(rename = "usersId")]
    members: [UserId; 2],
    page: Option<T>,
}

/// The last message of a chat, and the fill level of its page.
#[derive(Debug, Deserialize)]
pub(super) struct LastPage {
    number: i64,
    count: i64,
    message: StoredMessage,
}

impl LastPage {
    /// Returns the stages that select it from the pages of a chat.
    pub(super) fn stages() -> Vec<Document> {
        vec![
            doc! { "$sort": { "number": -1 } },
            doc! { "$limit": 1 },
            doc! { "$project": { "_id": 0, "number": 1, "count": 1, "message": { "$last": "$messages" } } },
        ]
    }

    pub(super) fn text_bytes(&self) -> usize {
        self.message.message.len()
    }

    pub(super) fn send_time(&self) -> Timestamp {
        self.message.send_time
    }

    /// Returns the message.
    pub(super) fn into_message(self) -> Message {
        self.message.into_message(self.number * PAGE_SIZE + self.count)
    }
}

/// The part of a chat to read.
#[derive(Clone, Copy, Debug)]
pub enum Window {
    /// The newest messages.
    Latest,
    /// The newest messages with a smaller `seq`.
    Before(i64),
    /// The oldest messages with a larger `seq`.
    After(i64),
}

/// Messages that were read from a chat.
#[derive(Debug)]
pub struct History {
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// Whether there are more in the direction that was read.
    pub has_more: bool,
}

/// The pages of all chats.
pub struct Messages {
    pub(super) pages: Collection<Document>,
    chats: Collection<Chat>,
}

/// The index of the open pages, one per chat.
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

impl FromEnv for Messages {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self::new(&environment.shared::<Database>().await?))
    }
}

impl Messages {
    /// Returns the messages of `database`.
    pub fn new(database: &Database) -> Self {
        Self { pages: database.collection("pages"), chats: database.collection("chats") }
    }

    /// Appends a message to a chat. A repeat, which has the same `client_id`, returns the original
    /// message.
    ///
    /// # Errors
    /// [`CLIENT_ID_REUSED`] if `client_id` was used for another text.
    pub async fn send(
        &self,
        chat: ChatId,
        sender: UserId,
        text: MessageText,
        client_id: Option<ClientId>,
    ) -> Result<Message> {
        let new = StoredMessage::new(sender, text, client_id);
        for _ in 0..MAX_ATTEMPTS {
            if let Some(seq) = self.add_to_open_page(chat, &new).await? {
                return Ok(new.into_message(seq));
            }
            if let Some(original) = self.find_original(chat, &new).await? {
                return if original.message == new.message { Ok(original) } else { Err(CLIENT_ID_REUSED) };
            }
            if let Some(seq) = self.open_page(chat, &new).await? {
                return Ok(new.into_message(seq));
            }
        }
        Err(Error::Unavailable("too many senders opened pages at the same time".into()))
    }

    /// Reads at most `limit` messages of a chat that `reader` is a member of.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`] or [`NOT_A_MEMBER`](crate::contract::errors::NOT_A_MEMBER).
    pub async fn history(&self, chat: ChatId, reader: UserId, window: Window, limit: usize) -> Result<History> {
        // The window may begin and end inside a page, and one more message shows whether there is more.
        let pages = i64::try_from((limit + 1) / 64 + 2).unwrap_or(i64::MAX);
        let (range, order) = match window {
            Window::Latest => (doc! {}, -1),
            Window::Before(seq) => (doc! { "number": { "$lte": (seq - 2).div_euclid(PAGE_SIZE) } }, -1),
            Window::After(seq) => (doc! { "number": { "$gte": seq / PAGE_SIZE } }, 1),
        };
        let stages = vec![
            doc! { "$match": range },
            doc! { "$sort": { "number": order } },
            doc! { "$limit": pages },
            doc! { "$project": { "_id": 0, "number": 1, "messages": 1 } },
        ];
        let mut rows = self.chats.aggregate(chat::with_pages(chat, stages)).with_type::<Row<Page>>().await?;
        let mut row = rows.try_next().await?.ok_or(NO_SUCH_CHAT)?;
        chat::require_member(&row.members, reader)?;

        let mut page_reader = PageReader::new(window, limit);
        while let Some(page) = row.page {
            if page_reader.read(page).is_break() {
                break;
            }
            let Some(next) = rows.try_next().await? else { break };
            row = next;
        }
        Ok(page_reader.finish())
    }

    /// Returns the last message of a chat that `reader` is a member of, if there is one.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub async fn last(&self, chat: ChatId, reader: UserId) -> Result<Option<Message>> {
        let stages = chat::with_pages(chat, LastPage::stages());
        let mut rows = self.chats.aggregate(stages).with_type::<Row<LastPage>>().await?;
        let row = rows.try_next().await?.ok_or(NO_SUCH_CHAT)?;
        chat::require_member(&row.members, reader)?;
        Ok(row.page.map(LastPage::into_message))
    }

    /// Returns the number that the message got, or `None` if no page is open or the open one has its
    /// key.
    async fn add_to_open_page(&self, chat: ChatId, new: &StoredMessage) -> Result<Option<i64>> {
        let filter = doc! { "chatId": chat, "count": { "$lt": PAGE_SIZE }, "messages.key": { "$ne": &new.key } };
        let update = doc! { "$push": { "messages": new.to_document() }, "$inc": { "count": 1 } };
        let pages = self.pages.clone_with_type::<PageFill>();
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

    /// Returns the message that was stored with the same key, if there is one.
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

    /// Opens the next page with the message as its first. Returns `None` if another sender was faster,
    /// or the key exists already.
    async fn open_page(&self, chat: ChatId, new: &StoredMessage) -> Result<Option<i64>> {
        let pages = self.pages.clone_with_type::<PageFill>();
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

/// Selects the messages of a window from its pages, in the direction of reading.
struct PageReader {
    window: Window,
    limit: usize,
    bytes: usize,
    messages: Vec<Message>,
    has_more: bool,
}

impl PageReader {
    fn new(window: Window, limit: usize) -> Self {
        Self { window, limit, bytes: 0, messages: Vec::new(), has_more: false }
    }

    /// Reads the next page; breaks once the window is complete.
    fn read(&mut self, page: Page) -> ControlFlow<()> {
        let messages = page.into_messages();
        match self.window {
            Window::Latest => messages.rev().try_for_each(|message| self.add(message)),
            Window::Before(end) => {
                messages.rev().filter(|message| message.seq < end).try_for_each(|message| self.add(message))
            }
            Window::After(start) => {
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
        if !matches!(self.window, Window::After(_)) {
            self.messages.reverse();
        }
        History { messages: self.messages, has_more: self.has_more }
    }
}
