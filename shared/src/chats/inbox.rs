//! The chats of one user.

use futures_util::TryStreamExt;
use mongodb::bson::doc;
use serde::Deserialize;

use super::entry::Entry;
use super::history::MAX_ANSWER_BYTES;
use super::log::Log;
use crate::accounts::users::{self, PublicProfile};
use crate::contract::message::Message;
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};

/// The maximum number of chats in a list.
const MAX_LISTED: i64 = 1000;

/// A direct chat in the list of one of its members.
#[derive(Debug, Deserialize)]
pub struct ChatSummary {
    /// The id of the chat.
    #[serde(rename = "_id")]
    pub id: ChatId,
    friend: PublicProfile,
    last: Option<Entry>,
}

impl ChatSummary {
    /// Returns the other member and the last message.
    pub fn into_parts(self) -> (PublicProfile, Option<Message>) {
        (self.friend, self.last.map(Entry::into_message))
    }
}

impl Log {
    /// Returns the direct chats of `user`, each with the other member and the last message, most recent
    /// activity first.
    ///
    /// The cost per chat does not depend on its length. At most a thousand chats are listed, and only as
    /// many as fit into one answer.
    pub async fn inbox(&self, user: UserId) -> Result<Vec<ChatSummary>> {
        let other = doc! { "$first": { "$filter": { "input": "$members.id", "cond": { "$ne": ["$$this", user] } } } };
        let stages = vec![
            doc! { "$match": { "members.id": user, "head": true } },
            doc! { "$sort": { "lastActivity": -1, "_id": -1 } },
            doc! { "$limit": MAX_LISTED },
            doc! { "$project": { "friend": other, "last": { "$ifNull": [{ "$last": "$entries" }, "$last"] } } },
            doc! { "$lookup": {
                "from": "users", "localField": "friend", "foreignField": "_id", "as": "friend",
                "pipeline": [{ "$project": users::public_fields() }],
            } },
            doc! { "$set": { "friend": { "$first": "$friend" } } },
        ];
        let rows = self.0.aggregate(stages).batch_size(u32::try_from(MAX_LISTED).unwrap_or(u32::MAX));
        let chats: Vec<ChatSummary> = rows.with_type::<ChatSummary>().await?.try_collect().await?;
        let mut bytes = 0;
        let fitting = chats.into_iter().take_while(|chat| {
            bytes += chat.last.as_ref().map_or(0, |entry| entry.text.len());
            bytes <= MAX_ANSWER_BYTES
        });
        Ok(fitting.collect())
    }
}
