//! The effects of changes on messages, as aggregation expressions.

use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;

use crate::contract::entry::ChangeKind;
use crate::values::ids::UserId;

/// The effect of a change on a message.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
pub(super) enum Fold {
    /// Replaces the text.
    Edited { text: String },
    /// Removes the text and the reactions.
    Deleted,
    /// Replaces the reaction of the user.
    Reaction { emoji: Option<String> },
}

impl Fold {
    /// Returns what kind of change this is.
    pub(super) fn kind(&self) -> ChangeKind {
        match self {
            Self::Edited { .. } => ChangeKind::Edited,
            Self::Deleted => ChangeKind::Deleted,
            Self::Reaction { .. } => ChangeKind::Reaction,
        }
    }

    /// Returns the name of [`Self::kind`] in the database.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Edited { .. } => "edited",
            Self::Deleted => "deleted",
            Self::Reaction { .. } => "reaction",
        }
    }

    /// Returns the form in the database.
    pub(super) fn to_document(&self) -> Document {
        let mut document = doc! { "what": self.name() };
        match self {
            Self::Edited { text } => _ = document.insert("text", text),
            Self::Reaction { emoji: Some(emoji) } => _ = document.insert("emoji", emoji),
            Self::Deleted | Self::Reaction { emoji: None } => {}
        }
        document
    }

    /// Returns the entries of the array `entries` with this change applied to the message `target`,
    /// as an aggregation expression. `seq` is an expression for the `seq` of the change. A message
    /// that has this change or a later one stays as it is.
    pub(super) fn expression(&self, entries: impl Into<Bson>, target: i64, by: UserId, seq: impl Into<Bson>) -> Bson {
        let seq = seq.into();
        let changed = doc! { "$cond": [
            "$$this.deleted",
            { "$mergeObjects": ["$$this", { "changedSeq": seq.clone() }] },
            { "$mergeObjects": [self.content(by), { "changedSeq": seq.clone() }] },
        ] };
        let is_target = doc! { "$and": [
            { "$eq": ["$$this.seq", target] },
            { "$lt": [{ "$ifNull": ["$$this.changedSeq", 0] }, seq] },
        ] };
        doc! { "$map": {
            "input": entries.into(),
            "in": { "$cond": [is_target, changed, "$$this"] },
        } }
        .into()
    }

    /// Returns the new content of the message `$$this`, as an expression.
    fn content(&self, by: UserId) -> Document {
        match self {
            Self::Edited { text } => doc! { "$mergeObjects": ["$$this", { "text": { "$literal": text } }] },
            Self::Deleted => {
                let without = |field: &str, input: Bson| doc! { "$unsetField": { "field": field, "input": input } };
                let bare = without("text", without("reactions", "$$this".into()).into());
                doc! { "$mergeObjects": [bare, { "deleted": true }] }
            }
            Self::Reaction { emoji } => {
                let others = doc! { "$filter": {
                    "input": { "$ifNull": ["$$this.reactions", []] },
                    "as": "choice",
                    "cond": { "$ne": ["$$choice.by", by] },
                } };
                let own: Vec<_> = emoji.iter().map(|emoji| doc! { "by": by, "emoji": { "$literal": emoji } }).collect();
                doc! { "$mergeObjects": ["$$this", { "reactions": { "$concatArrays": [others, own] } }] }
            }
        }
    }
}
