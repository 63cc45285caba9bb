//! The entries of a chat, as they are stored.

use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;

use super::fold::Fold;
use crate::contract::entry::{ChangeKind, Entry as PublicEntry, SystemKind};
use crate::contract::message::{Message, Reaction};
use crate::values::ids::{MessageId, UserId};
use crate::values::text::ClientId;
use crate::values::timestamp::Timestamp;

/// The maximum number of users that are named with a reaction.
const NAMED_PER_REACTION: usize = 3;

/// An entry of a chat.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Row")]
pub struct Entry {
    /// The position in the chat: 1, 2, 3 …
    pub(super) seq: i64,
    pub(super) id: MessageId,
    pub(super) by: UserId,
    /// The time of the database when the entry was appended.
    pub(super) at: Timestamp,
    pub(super) content: Content,
}

/// The part of an entry that depends on its kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// A message, in its present state.
    Message(Text),
    /// A change of the message `target`, which has the new content.
    Change { target: i64, what: ChangeKind },
    /// Something that happened to the chat itself.
    System { what: SystemKind, who: Vec<UserId> },
}

/// The content of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text {
    /// Empty if the message was deleted.
    pub(super) text: String,
    pub(super) client_id: Option<String>,
    pub(super) reply_to: Option<i64>,
    /// The `seq` of the last change.
    pub(super) changed_seq: Option<i64>,
    pub(super) deleted: bool,
    /// At most one per member.
    pub(super) reactions: Vec<Choice>,
}

/// The reaction of one member.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Choice {
    pub(super) by: UserId,
    pub(super) emoji: String,
}

impl From<&Choice> for Bson {
    fn from(Choice { by, emoji }: &Choice) -> Self {
        doc! { "by": by, "emoji": emoji }.into()
    }
}

/// The fields of all kinds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    seq: i64,
    #[serde(rename = "_id")]
    id: MessageId,
    kind: Kind,
    by: UserId,
    at: Timestamp,
    text: Option<String>,
    client_id: Option<String>,
    reply_to: Option<i64>,
    changed_seq: Option<i64>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    reactions: Vec<Choice>,
    target: Option<i64>,
    change: Option<ChangeKind>,
    event: Option<SystemKind>,
    #[serde(default)]
    who: Vec<UserId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Message,
    Change,
    System,
}

impl TryFrom<Row> for Entry {
    type Error = &'static str;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let Row { seq, id, by, at, .. } = row;
        let content = match row.kind {
            Kind::Message => Content::Message(Text {
                text: row.text.unwrap_or_default(),
                client_id: row.client_id,
                reply_to: row.reply_to,
                changed_seq: row.changed_seq,
                deleted: row.deleted,
                reactions: row.reactions,
            }),
            Kind::Change => Content::Change {
                target: row.target.ok_or("a change has no target")?,
                what: row.change.ok_or("a change does not say what it changed")?,
            },
            Kind::System => {
                Content::System { what: row.event.ok_or("a system entry does not say what happened")?, who: row.who }
            }
        };
        Ok(Self { seq, id, by, at, content })
    }
}

impl Entry {
    /// Returns the message, or `None` if the entry is of another kind.
    pub fn into_message(self) -> Option<Message> {
        match self.into_public(None) {
            PublicEntry::Message { message, .. } => Some(message),
            PublicEntry::Change { .. } | PublicEntry::System { .. } => None,
        }
    }

    /// Returns the entry as clients see it. `message` is the one that a change concerns, if the
    /// receiver may see it.
    pub(super) fn into_public(self, message: Option<Message>) -> PublicEntry {
        let Self { seq, id, by, at, content } = self;
        match content {
            Content::Message(content) => {
                PublicEntry::Message { by, at, message: content.into_message(id, seq, by, at) }
            }
            Content::Change { target, what } => PublicEntry::Change { seq, by, at, target, what, message },
            Content::System { what, who } => PublicEntry::System { seq, by, at, what, who },
        }
    }

    /// Returns whether the entry is a message.
    pub(super) fn is_message(&self) -> bool {
        matches!(self.content, Content::Message(_))
    }

    /// Returns whether the entry is a message that was deleted.
    pub(super) fn is_deleted(&self) -> bool {
        matches!(&self.content, Content::Message(message) if message.deleted)
    }

    /// Returns the `seq` of the last change of this entry, or its own.
    pub(super) fn version(&self) -> i64 {
        match &self.content {
            Content::Message(message) => message.changed_seq.unwrap_or(self.seq),
            Content::Change { .. } | Content::System { .. } => self.seq,
        }
    }

    /// Returns the `seq` of the message that the entry changes, if it is a change.
    pub(super) fn target(&self) -> Option<i64> {
        match self.content {
            Content::Change { target, .. } => Some(target),
            Content::Message(_) | Content::System { .. } => None,
        }
    }

    /// Returns the number of bytes of the texts that the sender has chosen.
    pub(super) fn text_bytes(&self) -> usize {
        match &self.content {
            Content::Message(message) => message.text.len() + message.client_id.as_ref().map_or(0, String::len),
            Content::Change { .. } | Content::System { .. } => 0,
        }
    }

    /// Applies the changes of this message that it does not have yet.
    pub(super) fn fold(&mut self, notes: &[Note]) {
        if let Content::Message(message) = &mut self.content {
            for note in notes.iter().filter(|note| note.target == self.seq) {
                note.apply(message);
            }
        }
    }
}

impl Text {
    fn into_message(self, id: MessageId, seq: i64, send_by: UserId, send_time: Timestamp) -> Message {
        let Self { text: message, client_id, reply_to, changed_seq, deleted, reactions } = self;
        let reactions = counted(reactions);
        Message { id, send_by, send_time, message, seq, client_id, reply_to, changed_seq, deleted, reactions }
    }
}

/// A change of an archived message that its archive may not have yet.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Note {
    /// The `seq` of the change.
    pub(super) seq: i64,
    /// The `seq` of the message.
    pub(super) target: i64,
    /// The user who changed it.
    pub(super) by: UserId,
    pub(super) fold: Fold,
}

impl Note {
    /// Applies the change, unless the message has this one or a later one. A deleted message stays
    /// deleted.
    fn apply(&self, message: &mut Text) {
        if message.changed_seq.is_some_and(|seq| seq >= self.seq) {
            return;
        }
        message.changed_seq = Some(self.seq);
        if message.deleted {
            return;
        }
        match &self.fold {
            Fold::Edited { text } => message.text.clone_from(text),
            Fold::Deleted => {
                message.text.clear();
                message.reactions.clear();
                message.deleted = true;
            }
            Fold::Reaction { emoji } => {
                message.reactions.retain(|choice| choice.by != self.by);
                let choice = emoji.clone().map(|emoji| Choice { by: self.by, emoji });
                message.reactions.extend(choice);
            }
        }
    }
}

/// Counts equal reactions, most frequent first.
fn counted(choices: Vec<Choice>) -> Vec<Reaction> {
    let mut reactions: Vec<Reaction> = Vec::new();
    for Choice { by, emoji } in choices {
        match reactions.iter_mut().find(|reaction| reaction.emoji == emoji) {
            Some(reaction) => {
                reaction.count += 1;
                if reaction.users.len() < NAMED_PER_REACTION {
                    reaction.users.push(by);
                }
            }
            None => reactions.push(Reaction { emoji, count: 1, users: vec![by] }),
        }
    }
    reactions.sort_by_key(|reaction| std::cmp::Reverse(reaction.count));
    reactions
}

/// Returns the key of an entry that its client named. A repeat has the same key.
pub(super) fn repeatable_key(sender: UserId, client_id: &str) -> String {
    format!("{sender}:{client_id}")
}

/// Returns the name that no other entry of the chat has.
pub(super) fn key(id: MessageId, sender: UserId, client_id: Option<&ClientId>) -> String {
    client_id.map_or_else(|| id.to_string(), |client_id| repeatable_key(sender, client_id.as_str()))
}

/// Returns the fields that entries of all kinds have when they are appended.
pub(super) fn fields(id: MessageId, kind: &str, by: UserId) -> Document {
    doc! { "_id": id, "kind": kind, "by": by }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(seq: i64, by: UserId, fold: Fold) -> Note {
        Note { seq, target: 1, by, fold }
    }

    fn reaction(emoji: &str) -> Fold {
        Fold::Reaction { emoji: Some(emoji.to_owned()) }
    }

    #[test]
    fn a_change_that_a_message_has_is_not_applied_again() {
        let by = UserId::new();
        let mut message = Text { text: "first".to_owned(), ..Text::default() };
        let edit = note(2, by, Fold::Edited { text: "second".to_owned() });
        edit.apply(&mut message);
        assert_eq!((message.text.as_str(), message.changed_seq), ("second", Some(2)));
        note(3, by, Fold::Edited { text: "third".to_owned() }).apply(&mut message);
        edit.apply(&mut message);
        assert_eq!((message.text.as_str(), message.changed_seq), ("third", Some(3)));
    }

    #[test]
    fn a_deleted_message_stays_deleted() {
        let by = UserId::new();
        let mut message = Text { text: "text".to_owned(), ..Text::default() };
        note(2, by, reaction("👍")).apply(&mut message);
        note(3, by, Fold::Deleted).apply(&mut message);
        note(4, by, reaction("👍")).apply(&mut message);
        note(5, by, Fold::Edited { text: "text".to_owned() }).apply(&mut message);
        assert_eq!(message, Text { changed_seq: Some(5), deleted: true, ..Text::default() });
    }

    #[test]
    fn a_member_has_one_reaction_to_a_message() {
        let (ada, bob) = (UserId::new(), UserId::new());
        let mut message = Text::default();
        for (seq, by, fold) in [
            (2, ada, reaction("👍")),
            (3, bob, reaction("❤")),
            (4, ada, reaction("❤")),
            (5, bob, Fold::Reaction { emoji: None }),
        ] {
            note(seq, by, fold).apply(&mut message);
        }
        assert_eq!(message.reactions, [Choice { by: ada, emoji: "❤".to_owned() }]);
    }

    #[test]
    fn reactions_are_counted_and_name_three_users() {
        let users: Vec<_> = (0..5).map(|_| UserId::new()).collect();
        let choice = |by: UserId, emoji: &str| Choice { by, emoji: emoji.to_owned() };
        let choices = [choice(users[0], "❤")].into_iter().chain(users[1..].iter().map(|user| choice(*user, "👍")));
        let expected = [
            Reaction { emoji: "👍".to_owned(), count: 4, users: users[1..4].to_vec() },
            Reaction { emoji: "❤".to_owned(), count: 1, users: vec![users[0]] },
        ];
        assert_eq!(counted(choices.collect()), expected);
    }
}
