//! The entries of a chat, as they are stored.

use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};

use crate::contract;
use crate::contract::message::Message;
use crate::values::ids::{MessageId, UserId};
use crate::values::seq::Seq;
use crate::values::text::{ClientId, MessageText};
use crate::values::timestamp::Timestamp;

/// An entry of a chat. There is one kind, a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The position in the chat: 1, 2, 3 …
    pub(super) seq: i64,
    #[serde(rename = "_id")]
    pub(super) id: MessageId,
    pub(super) kind: Kind,
    pub(super) by: UserId,
    /// The time of the database when the entry was appended.
    pub(super) at: Timestamp,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    Message,
}

impl Entry {
    /// Returns the message as clients see it.
    pub fn into_message(self) -> Message {
        let Self { id, by, at, text, seq, client_id, .. } = self;
        Message {
            id,
            send_by: by,
            send_time: at,
            message: text,
            seq,
            client_id,
            reply_to: None,
            changed_seq: None,
            deleted: false,
            reactions: Vec::new(),
        }
    }

    /// Returns the entry as clients see it.
    pub fn into_entry(self) -> contract::entry::Entry {
        contract::entry::Entry::Message { by: self.by, at: self.at, message: self.into_message() }
    }
}

/// A message as its sender writes it.
pub struct Draft {
    /// The text.
    pub text: MessageText,
    /// The client's own id for the message, which makes the send safe to repeat.
    pub client_id: Option<ClientId>,
    /// The `seq` of the message that this one replies to.
    pub reply_to: Option<Seq>,
}

/// A message that is about to be appended.
pub(super) struct NewMessage {
    id: MessageId,
    pub(super) by: UserId,
    pub(super) text: MessageText,
    client_id: Option<ClientId>,
}

impl NewMessage {
    pub(super) fn new(by: UserId, text: MessageText, client_id: Option<ClientId>) -> Self {
        Self { id: MessageId::new(), by, text, client_id }
    }

    /// Returns the name that no other entry of the chat has. A repeated send has the same name.
    pub(super) fn key(&self) -> String {
        match &self.client_id {
            Some(client_id) => repeatable_key(self.by, client_id.as_str()),
            None => self.id.to_string(),
        }
    }

    /// Returns the entry without `seq` and `at`, which the database adds.
    pub(super) fn to_document(&self) -> Document {
        let mut document = doc! { "_id": self.id, "kind": "message", "by": self.by, "text": &self.text };
        if let Some(client_id) = &self.client_id {
            document.insert("clientId", client_id);
        }
        document
    }
}

/// Returns the key of a message that its client named.
pub(super) fn repeatable_key(sender: UserId, client_id: &str) -> String {
    format!("{sender}:{client_id}")
}
