//! Direct chats: those of two users.

use mongodb::bson::{Bson, Document, doc};
use serde::{Deserialize, Serialize};

use super::log::{Log, Member};
use crate::contract::errors::{ALREADY_CONNECTED, YOURSELF};
use crate::database::is_duplicate;
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};
use crate::values::timestamp::Timestamp;

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

impl Log {
    /// Starts the chat of two users.
    ///
    /// # Errors
    /// [`ALREADY_CONNECTED`] if they have one. The index decides if both start it at once.
    pub async fn create_direct(&self, pair: Pair) -> Result<ChatId> {
        let id = ChatId::new();
        match self.0.insert_one(empty_head(id, pair, Timestamp::now())).await {
            Ok(_) => Ok(id),
            Err(error) if is_duplicate(&error) => Err(ALREADY_CONNECTED),
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns the head of a new direct chat, which has no entries.
pub(super) fn empty_head(id: ChatId, pair: Pair, created_at: Timestamp) -> Document {
    let members = pair.users().map(|id| Member { id, role: None, from: 1 });
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
        "lastActivity": created_at,
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
