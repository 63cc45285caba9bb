//! The chats of one user.

use futures_util::TryStreamExt;
use mongodb::bson::doc;
use serde::Deserialize;

use super::chat::Chats;
use super::messages::{LastPage, MAX_ANSWER_BYTES};
use crate::accounts::users::{self, PublicProfile};
use crate::contract::message::Message;
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};
use crate::values::timestamp::Timestamp;

/// The maximum number of chats in a list.
const MAX_LISTED: i64 = 1000;

/// A chat in the list of one of its members.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatSummary {
    /// The id of the chat.
    #[serde(rename = "_id")]
    pub id: ChatId,
    created_at: Timestamp,
    friend: PublicProfile,
    page: Option<LastPage>,
}

impl ChatSummary {
    /// Returns the other member and the last message.
    pub fn into_parts(self) -> (PublicProfile, Option<Message>) {
        (self.friend, self.page.map(LastPage::into_message))
    }

    fn last_activity(&self) -> Timestamp {
        self.page.as_ref().map_or(self.created_at, LastPage::send_time)
    }
}

impl Chats {
    /// Returns the chats of `user`, each with the other member and the last message, most recent
    /// activity first.
    ///
    /// The cost per chat does not depend on its length. Only the newest thousand chats are listed,
    /// and only as many as fit into one answer.
    pub async fn list(&self, user: UserId) -> Result<Vec<ChatSummary>> {
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
        let mut chats: Vec<ChatSummary> = aggregate.with_type::<ChatSummary>().await?.try_collect().await?;
        chats.sort_by_key(|chat| std::cmp::Reverse(chat.last_activity()));
        let mut bytes = 0;
        let fitting = chats.into_iter().take_while(|chat| {
            bytes += chat.page.as_ref().map_or(0, LastPage::text_bytes);
            bytes <= MAX_ANSWER_BYTES
        });
        Ok(fitting.collect())
    }
}
