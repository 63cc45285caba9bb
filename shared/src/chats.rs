//! One-to-one chats: who talks to whom.

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use crate::database::{index, is_duplicate, unique};
use crate::error::{Error, Result};
use crate::ids::{ChatId, UserId};
use crate::messages::{LastPage, MAX_ANSWER_BYTES, Message};
use crate::timestamp::Timestamp;
use crate::users::{self, PublicProfile};

/// The most chats that one list shows.
const MAX_LISTED: i64 = 1000;

/// A chat as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// The chat's id.
    #[serde(rename = "_id")]
    pub id: ChatId,
    /// The two members.
    pub users_id: [UserId; 2],
    /// The same two in a fixed order, which makes a second chat of theirs a duplicate.
    pair: Pair,
    /// When the two were connected.
    pub created_at: Timestamp,
}

impl Chat {
    /// The chat of two users.
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
    /// The pair of two users.
    ///
    /// # Errors
    /// [`Error::Invalid`] when they are the same.
    pub fn new(one: UserId, other: UserId) -> Result<Self> {
        if one == other {
            return Err(Error::Invalid("\"personId\" must be somebody else".to_owned()));
        }
        Ok(Self { low: one.min(other), high: one.max(other) })
    }

    /// The pair of the user in the field `user` and another one, as an aggregation expression.
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

/// A chat in the list of one of its members, as stored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedChat {
    /// The chat's id.
    #[serde(rename = "_id")]
    pub id: ChatId,
    created_at: Timestamp,
    friend: PublicProfile,
    page: Option<LastPage>,
}

impl ListedChat {
    /// The other member and the last message.
    pub fn into_parts(self) -> (PublicProfile, Option<Message>) {
        (self.friend, self.page.map(LastPage::into_message))
    }

    fn last_activity(&self) -> Timestamp {
        self.page.as_ref().map_or(self.created_at, LastPage::send_time)
    }
}

/// The collection of chats.
pub struct Chats(Collection<Chat>);

pub(crate) fn indexes() -> Vec<IndexModel> {
    vec![unique(doc! { "pair": 1 }), index(doc! { "usersId": 1, "_id": -1 })]
}

impl Chats {
    /// The chats of `database`.
    pub fn new(database: &Database) -> Self {
        Self(database.collection("chats"))
    }

    /// Connects two users.
    ///
    /// # Errors
    /// [`Error::Conflict`] when they are connected already; the index decides when both ask at once.
    pub async fn create(&self, pair: Pair) -> Result<Chat> {
        let chat = Chat::new(ChatId::new(), pair, Timestamp::now());
        match self.0.insert_one(&chat).await {
            Ok(_) => Ok(chat),
            Err(error) if is_duplicate(&error) => Err(Error::Conflict("you are connected already")),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes sure that `user` is a member of the chat.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such chat, [`Error::Forbidden`] when it is not the user's.
    pub async fn require_member(&self, id: ChatId, user: UserId) -> Result<()> {
        let chat = self.0.find_one(doc! { "_id": id }).await?.ok_or_else(unknown_chat)?;
        require_member(&chat.users_id, user)
    }

    /// The chats of `user` with the other member and the last message of each, the one that was last active first.
    ///
    /// It costs the same for each chat, however long it is. Of more than a thousand chats the newest are listed,
    /// and no more than fit into one answer.
    pub async fn list(&self, user: UserId) -> Result<Vec<ListedChat>> {
        let is_other = doc! { "$filter": { "input": "$usersId", "cond": { "$ne": ["$$this", user] } } };
        let stages = vec![
            doc! { "$match": { "usersId": user } },
            doc! { "$sort": { "_id": -1 } },
            doc! { "$limit": MAX_LISTED },
            doc! { "$set": { "friend": { "$first": is_other } } },
            doc! { "$lookup": {
                "from": "users", "localField": "friend", "foreignField": "_id", "as": "friend",
                "pipeline": [{ "$project": users::public_fields() }],
            } },
            doc! { "$lookup": {
                "from": "pages", "localField": "_id", "foreignField": "chatId", "as": "page",
                "pipeline": LastPage::stages(),
            } },
            doc! { "$set": { "friend": { "$first": "$friend" }, "page": { "$first": "$page" } } },
        ];
        let aggregate = self.0.aggregate(stages).batch_size(u32::try_from(MAX_LISTED).unwrap_or(u32::MAX));
        let mut chats: Vec<ListedChat> = aggregate.with_type::<ListedChat>().await?.try_collect().await?;
        chats.sort_by_key(|chat| std::cmp::Reverse(chat.last_activity()));
        let mut bytes = 0;
        let fitting = chats.into_iter().take_while(|chat| {
            bytes += chat.page.as_ref().map_or(0, LastPage::text_bytes);
            bytes <= MAX_ANSWER_BYTES
        });
        Ok(fitting.collect())
    }
}

/// The chat with this id, joined with what `pages` picks of its messages in one row for each page;
/// a chat that has none gives one row without. Rows have `usersId` and `page`.
pub(crate) fn with_pages(id: ChatId, pages: Vec<Document>) -> Vec<Document> {
    let pages: Vec<Bson> = pages.into_iter().map(Bson::Document).collect();
    vec![
        doc! { "$match": { "_id": id } },
        doc! { "$lookup": { "from": "pages", "localField": "_id", "foreignField": "chatId", "as": "page", "pipeline": pages } },
        doc! { "$unwind": { "path": "$page", "preserveNullAndEmptyArrays": true } },
        doc! { "$project": { "usersId": 1, "page": 1 } },
    ]
}

pub(crate) fn unknown_chat() -> Error {
    Error::NotFound("there is no such chat".into())
}

pub(crate) fn require_member(members: &[UserId; 2], user: UserId) -> Result<()> {
    if members.contains(&user) { Ok(()) } else { Err(Error::Forbidden("you are not a member of this chat")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_the_same_from_both_sides_and_never_of_one() {
        let (ada, bob) = (UserId::new(), UserId::new());
        let one = Pair::new(ada, bob).unwrap();
        let other = Pair::new(bob, ada).unwrap();
        assert_eq!((one.low, one.high), (other.low, other.high));
        assert_eq!(Pair::new(ada, ada).unwrap_err().status(), 422);
    }
}
