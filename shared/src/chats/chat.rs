//! Direct chats and their members.

use mongodb::bson::{Bson, Document, doc};
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::{ALREADY_CONNECTED, NO_SUCH_CHAT, NOT_A_MEMBER, YOURSELF};
use crate::database::{index, is_duplicate, unique};
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};
use crate::values::timestamp::Timestamp;

/// A chat as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// The id of the chat.
    #[serde(rename = "_id")]
    pub id: ChatId,
    /// The two members.
    pub users_id: [UserId; 2],
    /// The same two in a fixed order, which makes a second chat of them a duplicate.
    pair: Pair,
    /// The time at which the chat was started.
    pub created_at: Timestamp,
}

impl Chat {
    /// Makes the chat of two users.
    pub fn new(id: ChatId, pair: Pair, created_at: Timestamp) -> Self {
        Self { id, users_id: [pair.low, pair.high], pair, created_at }
    }
}

/// Two different users in the order of their ids.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
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

/// The collection of chats.
pub struct Chats(pub(super) Collection<Chat>);

pub(crate) fn indexes() -> Vec<IndexModel> {
    vec![unique(doc! { "pair": 1 }), index(doc! { "usersId": 1, "_id": -1 })]
}

impl FromEnv for Chats {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(environment.shared::<Database>().await?.collection("chats")))
    }
}

impl Chats {
    /// Starts the chat of two users.
    ///
    /// # Errors
    /// [`ALREADY_CONNECTED`] if they have one. The index decides if both start it at once.
    pub async fn create(&self, pair: Pair) -> Result<Chat> {
        let chat = Chat::new(ChatId::new(), pair, Timestamp::now());
        match self.0.insert_one(&chat).await {
            Ok(_) => Ok(chat),
            Err(error) if is_duplicate(&error) => Err(ALREADY_CONNECTED),
            Err(error) => Err(error.into()),
        }
    }

    /// Checks that `user` is a member of the chat.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`] or [`NOT_A_MEMBER`].
    pub async fn require_member(&self, id: ChatId, user: UserId) -> Result<()> {
        let chat = self.0.find_one(doc! { "_id": id }).await?.ok_or(NO_SUCH_CHAT)?;
        require_member(&chat.users_id, user)
    }
}

/// Returns the stages that find a chat and join it with its pages, as the stages `pages` select
/// them. Each row has `usersId` and one `page`; a chat without pages has one row without `page`.
pub(crate) fn with_pages(id: ChatId, pages: Vec<Document>) -> Vec<Document> {
    let pages: Vec<Bson> = pages.into_iter().map(Bson::Document).collect();
    vec![
        doc! { "$match": { "_id": id } },
        doc! { "$lookup": {
            "from": "pages", "localField": "_id", "foreignField": "chatId", "as": "page", "pipeline": pages,
        } },
        doc! { "$unwind": { "path": "$page", "preserveNullAndEmptyArrays": true } },
        doc! { "$project": { "usersId": 1, "page": 1 } },
    ]
}

/// Checks that `user` is among the members of a chat.
///
/// # Errors
/// [`NOT_A_MEMBER`] if not.
pub(crate) fn require_member(members: &[UserId; 2], user: UserId) -> Result<()> {
    if members.contains(&user) { Ok(()) } else { Err(NOT_A_MEMBER) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_two_users_in_a_fixed_order() {
        let (ada, bob) = (UserId::new(), UserId::new());
        let one = Pair::new(ada, bob).unwrap();
        let other = Pair::new(bob, ada).unwrap();
        assert_eq!((one.low, one.high), (other.low, other.high));
        assert_eq!(Pair::new(ada, ada).unwrap_err().status(), 422);
    }
}
