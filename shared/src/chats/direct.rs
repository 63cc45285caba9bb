//! Direct chats: those of two users.

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};

use super::log::{Log, Member};
use crate::contract::errors::YOURSELF;
use crate::error::{Error, Result};
use crate::values::ids::{ChatId, UserId};

/// Two different users in the order of their ids, which makes a second chat of them a duplicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pair {
    low: UserId,
    high: UserId,
}

impl Pair {
    /// Makes the pair of two users.
    ///
    /// # Errors
    /// [`YOURSELF`] if they are the same.
    pub fn new(one: UserId, other: UserId) -> Result<Self> {
        if one == other {
            return Err(YOURSELF);
        }
        Ok(Self { low: one.min(other), high: one.max(other) })
    }

    /// Returns the two users.
    pub fn users(self) -> [UserId; 2] {
        [self.low, self.high]
    }

    /// Returns the pair of the user in the field `user` and another one, as an aggregation expression.
    pub(crate) fn expression(user: &str, other: UserId) -> Document {
        doc! { "$cond": [
            { "$lt": [user, other] },
            { "low": user, "high": other },
            { "low": other, "high": user },
        ] }
    }
}

impl From<Pair> for Bson {
    fn from(Pair { low, high }: Pair) -> Self {
        doc! { "low": low, "high": high }.into()
    }
}

/// The chat of two users, and whether it was started by this command.
#[derive(Clone, Copy, Debug)]
pub struct DirectChat {
    /// The chat.
    pub id: ChatId,
    /// Whether it is new.
    pub is_new: bool,
}

impl Log {
    /// Returns the chat of two users, which is started if there is none. If both start it at once,
    /// one of them does.
    pub async fn find_or_create_direct(&self, pair: Pair) -> Result<DirectChat> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(rename = "_id")]
            id: ChatId,
        }
        let new = ChatId::new();
        let is_missing = doc! { "$eq": [{ "$type": "$_id" }, "missing"] };
        // A write even if the chat exists: it waits until a majority of the servers has the chat.
        let update = vec![doc! { "$replaceWith": { "$cond": [is_missing, empty_head(new, pair, "$$NOW"), "$$ROOT"] } }];
        let heads = self.0.clone_with_type::<Head>();
        let found = heads
            .find_one_and_update(doc! { "pair": pair }, update)
            .upsert(true)
            .projection(doc! { "_id": 1 })
            .return_document(ReturnDocument::After)
            .await?;
        let Head { id } = found.ok_or_else(|| Error::Internal("an upsert returned nothing".into()))?;
        Ok(DirectChat { id, is_new: id == new })
    }
}

/// Returns the head of a new direct chat, which has no entries. With `$$NOW` as its time, it is an
/// aggregation expression.
pub(super) fn empty_head(id: ChatId, pair: Pair, created_at: impl Into<Bson>) -> Document {
    let members = pair.users().map(|id| Member { id, role: None, from: 1 });
    let created_at = created_at.into();
    doc! {
        "_id": id,
        "chatId": id,
        "head": true,
        "kind": "direct",
        "pair": pair,
        "members": members.to_vec(),
        "number": 0_i64,
        "lastSeq": 0_i64,
        "entries": [],
        "keys": [],
        "prevKeys": [],
        "recent": [],
        "lastActivity": &created_at,
        "updatedAt": &created_at,
        "createdAt": created_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_two_users_in_a_fixed_order() {
        let (ada, bob) = (UserId::new(), UserId::new());
        assert_eq!(Pair::new(ada, bob).unwrap(), Pair::new(bob, ada).unwrap());
        assert_eq!(Pair::new(ada, ada).unwrap_err().status(), 422);
    }
}
