//! Reads the messages of an old chat.

use std::collections::{HashMap, HashSet};
use std::fmt;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawBsonRef, RawDocument};
use sha2::{Digest, Sha256};
use shared::chats::import::ImportedMessage;
use shared::values::ids::{ChatId, MessageId, UserId};
use shared::values::text::MessageText;
use shared::values::timestamp::Timestamp;

use crate::report::Report;
use crate::values::{self, Shown};

/// A reader of the messages of one chat.
pub(crate) struct Reader<'a> {
    report: &'a mut Report,
    /// The collection and id of the chat, for reports.
    chat: &'a str,
    id: ChatId,
    members: [UserId; 2],
    /// The time of the previous message, or of the chat.
    time: Timestamp,
    messages: Vec<ImportedMessage>,
    ids: HashSet<MessageId>,
    /// The number of messages so far with the same content and no id, by the hash of the content.
    alike: HashMap<[u8; 12], u32>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        report: &'a mut Report,
        chat: &'a str,
        id: ChatId,
        members: [UserId; 2],
        created_at: Timestamp,
    ) -> Self {
        let (messages, ids, alike) = (Vec::new(), HashSet::new(), HashMap::new());
        Self { report, chat, id, members, time: created_at, messages, ids, alike }
    }

    /// Returns the messages that can be copied, in their order, and reports the others.
    pub(crate) fn read(mut self, document: &RawDocument) -> Vec<ImportedMessage> {
        let messages = match document.get("chats") {
            Ok(Some(RawBsonRef::Array(messages))) => messages,
            Ok(None | Some(RawBsonRef::Null)) => return Vec::new(),
            _ => {
                self.report.messages.left_out += 1;
                self.report.left_out(self.chat, "its messages are not an array");
                return Vec::new();
            }
        };
        for (number, message) in (1..).zip(messages) {
            let message = message.ok().and_then(|message| message.as_document()?.try_into().ok());
            let message: Document = message.unwrap_or_default();
            let record = Record { chat: self.chat, number, id: message.get("_id") };
            if let Err(why) = self.take(&record, &message) {
                self.report.messages.left_out += 1;
                self.report.left_out(record, why);
            }
        }
        self.messages
    }

    fn take(&mut self, record: &Record<'_>, message: &Document) -> Result<(), &'static str> {
        let send_by = message.get("sendBy").and_then(values::id).map(UserId::from);
        let send_by =
            send_by.filter(|sender| self.members.contains(sender)).ok_or("its sender is not a member of the chat")?;
        let text = match message.get("message") {
            Some(Bson::String(text)) if text.is_empty() => return Err("it is empty"),
            Some(Bson::String(text)) => text,
            _ => return Err("it has no text"),
        };
        let own_id = message.get("_id").and_then(values::id);
        let own_time = message.get("sendTime").and_then(values::time);
        if let Some(time) = own_time {
            self.time = time;
        } else {
            let how = "its time cannot be read; it gets the time of the previous message, or of the chat";
            self.report.changed(record, how);
        }
        let parts = parts(text);
        if parts.len() > 1 {
            let (max, parts) = (MessageText::MAX, parts.len());
            self.report.changed(record, format_args!("it has more than {max} characters and becomes {parts} messages"));
        }
        for (part, text) in parts.into_iter().enumerate() {
            let own_id = own_id.map(MessageId::from).filter(|id| part == 0 && !self.ids.contains(id));
            let id = own_id.unwrap_or_else(|| self.derive_id(send_by, own_time, text.as_str()));
            self.ids.insert(id);
            self.messages.push(ImportedMessage { id, send_by, send_time: self.time, text, client_id: None });
        }
        Ok(())
    }

    /// Returns an id for a message that has none. It is the same in every copy, regardless of the
    /// messages before and after it.
    fn derive_id(&mut self, send_by: UserId, time: Option<Timestamp>, text: &str) -> MessageId {
        let time = time.map(Bson::from);
        let content = hash(&format!("{}:{send_by}:{time:?}:{text}", self.id));
        let alike = self.alike.entry(content).or_default();
        *alike += 1;
        let id = hash(&format!("{content:?}:{alike}"));
        ObjectId::from_bytes(id).into()
    }
}

fn hash(text: &str) -> [u8; 12] {
    let hash = Sha256::digest(text);
    std::array::from_fn(|index| hash[index])
}

/// Splits a text into parts of the greatest allowed length.
fn parts(text: &str) -> Vec<MessageText> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.char_indices().nth(MessageText::MAX).map_or(rest.len(), |(index, _)| index);
        let (part, after) = rest.split_at(end);
        parts.extend(part.parse());
        rest = after;
    }
    parts
}

/// A message, as reports name it.
struct Record<'a> {
    chat: &'a str,
    /// Its place in the old chat, from 1.
    number: usize,
    id: Option<&'a Bson>,
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} message {} {}", self.chat, self.number, Shown(self.id.cloned()))
    }
}
