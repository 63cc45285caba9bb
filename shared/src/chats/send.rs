//! Sending messages.

use mongodb::bson::{Document, doc};

use super::append::{Addition, Appended, State};
use super::entry::{Content, Entry, fields, key};
use super::log::Log;
use crate::contract::errors::NO_SUCH_ENTRY;
use crate::error::Result;
use crate::values::deadline::Deadline;
use crate::values::ids::{ChatId, MessageId, UserId};
use crate::values::seq::Seq;
use crate::values::text::{ClientId, MessageText};

/// A message as its sender writes it.
pub struct Draft {
    /// The text.
    pub text: MessageText,
    /// The client's own id for the message, which makes the send safe to repeat.
    pub client_id: Option<ClientId>,
    /// The `seq` of the message that this one replies to.
    pub reply_to: Option<Seq>,
}

impl Log {
    /// Appends a message to a chat. A repeat, which has the same `client_id`, returns the original
    /// message in its present state.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`](crate::contract::errors::NO_SUCH_CHAT),
    /// [`NOT_A_MEMBER`](crate::contract::errors::NOT_A_MEMBER), [`NO_SUCH_ENTRY`] if `reply_to` is
    /// not the `seq` of an entry, or [`CLIENT_ID_REUSED`](crate::contract::errors::CLIENT_ID_REUSED)
    /// if `client_id` was used for something else.
    pub async fn send(&self, chat: ChatId, sender: UserId, draft: Draft, deadline: Deadline) -> Result<Appended> {
        if draft.reply_to == Some(Seq::default()) {
            return Err(NO_SUCH_ENTRY);
        }
        self.append(chat, &NewMessage { id: MessageId::new(), by: sender, draft }, deadline).await
    }
}

/// A message that is about to be appended.
struct NewMessage {
    id: MessageId,
    by: UserId,
    draft: Draft,
}

impl Addition for NewMessage {
    fn by(&self) -> UserId {
        self.by
    }

    fn key(&self) -> String {
        key(self.id, self.by, self.draft.client_id.as_ref())
    }

    fn entry(&self) -> Document {
        let mut entry = fields(self.id, "message", self.by);
        entry.insert("text", &self.draft.text);
        if let Some(client_id) = &self.draft.client_id {
            entry.insert("clientId", client_id);
        }
        if let Some(reply_to) = self.draft.reply_to {
            entry.insert("replyTo", reply_to.get());
        }
        entry
    }

    fn condition(&self) -> Option<Document> {
        self.draft.reply_to.map(|seq| doc! { "lastSeq": { "$gte": seq.get() } })
    }

    fn check(&self, head: &State) -> Result<()> {
        let exists = self.draft.reply_to.is_none_or(|seq| seq.get() <= head.last_seq);
        if exists { Ok(()) } else { Err(NO_SUCH_ENTRY) }
    }

    fn effect(&self, _: &Document) -> Document {
        doc! { "lastActivity": "$$NOW" }
    }

    fn is_repeat_of(&self, original: &Entry) -> bool {
        match &original.content {
            // The text may have been edited on another device.
            Content::Message(message) => message.changed_seq.is_some() || message.text == self.draft.text.as_str(),
            Content::Change { .. } | Content::System { .. } => false,
        }
    }
}
