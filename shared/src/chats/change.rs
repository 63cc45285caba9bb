//! Changing messages: editing, deleting, and reactions.
//!
//! A change is an entry of its own, without content; the content is in the message. The append of a
//! change folds it into a message in the head, and leaves a *note* in the head for a message in an
//! archive. Readers apply the notes to what they read.

use mongodb::bson::{Bson, Document, doc};

use super::append::{Addition, Appended, State};
use super::entry::{Content, Entry, fields, key};
use super::fold::Fold;
use super::log::{Log, Member, PAGE, Role};
use crate::contract::entry::ChangeKind;
use crate::contract::errors::{NO_SUCH_ENTRY, NOT_YOUR_MESSAGE};
use crate::error::Result;
use crate::values::deadline::Deadline;
use crate::values::ids::{ChatId, MessageId, UserId};
use crate::values::seq::Seq;
use crate::values::text::{ClientId, Emoji, MessageText};

/// A change of a message.
pub enum Change {
    /// Replaces the text. Only the sender may do this.
    Edit(MessageText),
    /// Deletes the text and all reactions. Only the sender and admins may do this.
    Delete,
    /// Sets the reaction of the caller, or removes it.
    React(Option<Emoji>),
}

impl Log {
    /// Changes a message of a chat that `user` is a member of. When this returns, every read shows the
    /// change, and a deleted text is nowhere in the database.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`](crate::contract::errors::NO_SUCH_CHAT),
    /// [`NOT_A_MEMBER`](crate::contract::errors::NOT_A_MEMBER), [`NO_SUCH_ENTRY`] if `target` is not
    /// the `seq` of a message that the user sees, or if an edit comes after the deletion, or
    /// [`NOT_YOUR_MESSAGE`].
    pub async fn change(
        &self,
        chat: ChatId,
        user: UserId,
        target: Seq,
        change: Change,
        client_id: Option<ClientId>,
        deadline: Deadline,
    ) -> Result<Appended> {
        let (head, member) = self.head(chat, user).await?;
        let found = if head.is_archived(target.get()) {
            self.archived_entry(chat, target.get()).await?
        } else {
            head.entries.iter().find(|entry| entry.seq == target.get()).cloned()
        };
        let mut message = found.filter(|entry| entry.is_message() && entry.seq >= member.from).ok_or(NO_SUCH_ENTRY)?;
        message.fold(&head.pending);
        // Otherwise, the text of a late edit would be stored for as long as its note.
        if message.is_deleted() && matches!(change, Change::Edit(_)) {
            return Err(NO_SUCH_ENTRY);
        }
        if !change.is_allowed(&member, message.by) {
            return Err(NOT_YOUR_MESSAGE);
        }
        let new = NewChange {
            id: MessageId::new(),
            by: user,
            target: target.get(),
            is_own: message.by == user,
            fold: change.into(),
            client_id,
        };
        self.append(chat, &new, deadline).await
    }
}

impl Change {
    fn is_allowed(&self, member: &Member, sender: UserId) -> bool {
        match self {
            Self::Edit(_) => member.id == sender,
            Self::Delete => member.id == sender || member.is_admin(),
            Self::React(_) => true,
        }
    }
}

impl From<Change> for Fold {
    fn from(change: Change) -> Self {
        match change {
            Change::Edit(text) => Self::Edited { text: text.into() },
            Change::Delete => Self::Deleted,
            Change::React(emoji) => Self::Reaction { emoji: emoji.map(String::from) },
        }
    }
}

/// A change that is about to be appended.
struct NewChange {
    id: MessageId,
    by: UserId,
    target: i64,
    is_own: bool,
    fold: Fold,
    client_id: Option<ClientId>,
}

impl NewChange {
    fn needs_admin(&self) -> bool {
        !self.is_own && self.fold.kind() == ChangeKind::Deleted
    }
}

impl Addition for NewChange {
    fn by(&self) -> UserId {
        self.by
    }

    fn key(&self) -> String {
        key(self.id, self.by, self.client_id.as_ref())
    }

    fn entry(&self) -> Document {
        let mut entry = fields(self.id, "change", self.by);
        entry.extend(doc! { "target": self.target, "change": self.fold.name() });
        entry
    }

    fn condition(&self) -> Option<Document> {
        // A member who was removed and added again does not see older messages.
        let mut member = doc! { "id": self.by, "from": { "$lte": self.target } };
        if self.needs_admin() {
            member.insert("role", doc! { "$in": [Role::Owner, Role::Admin] });
        }
        Some(doc! { "members": { "$elemMatch": member } })
    }

    fn check(&self, head: &State) -> Result<()> {
        match head.members.iter().find(|member| member.id == self.by) {
            Some(member) if member.from > self.target => Err(NO_SUCH_ENTRY),
            Some(member) if self.needs_admin() && !member.is_admin() => Err(NOT_YOUR_MESSAGE),
            _ => Ok(()),
        }
    }

    fn present(&self, seq: &Document) -> Bson {
        self.fold.expression("$entries", self.target, self.by, seq.clone())
    }

    fn effect(&self, seq: &Document) -> Document {
        let is_archived = doc! { "$lte": [self.target, { "$multiply": ["$number", PAGE] }] };
        let note = doc! { "$mergeObjects": [
            { "$literal": { "target": self.target, "by": self.by, "fold": self.fold.to_document() } },
            { "seq": seq.clone() },
        ] };
        let pending = doc! { "$ifNull": ["$pending", []] };
        let noted = doc! { "$concatArrays": [pending.clone(), [note]] };
        doc! { "pending": { "$cond": [is_archived, noted, pending] } }
    }

    fn is_change(&self) -> bool {
        true
    }

    fn is_repeat_of(&self, original: &Entry) -> bool {
        // The content is in the message alone, so it is not compared.
        let (own_target, kind) = (self.target, self.fold.kind());
        matches!(original.content, Content::Change { target, what } if target == own_target && what == kind)
    }
}
