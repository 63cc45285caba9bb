//! The chats of one user.

use futures_util::TryStreamExt;
use mongodb::bson::doc;
use serde::Deserialize;

use super::entry::Entry;
use super::history::MAX_ANSWER_BYTES;
use super::log::{Log, messages_of};
use crate::accounts::users::{self, PublicProfile};
use crate::contract::message::Message;
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};
use crate::values::inbox_cursor::InboxCursor;
use crate::values::timestamp::Timestamp;

/// A direct chat in the list of one of its members.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatSummary {
    /// The id of the chat.
    #[serde(rename = "_id")]
    pub id: ChatId,
    last_activity: Timestamp,
    friend: PublicProfile,
    last: Option<Entry>,
}

impl ChatSummary {
    /// Returns the other member and the last message.
    pub fn into_parts(self) -> (PublicProfile, Option<Message>) {
        (self.friend, self.last.and_then(Entry::into_message))
    }

    /// Returns the number of bytes of the texts that users have chosen.
    fn text_bytes(&self) -> usize {
        self.friend.name_bytes() + self.last.as_ref().map_or(0, Entry::text_bytes)
    }

    fn cursor(&self) -> InboxCursor {
        InboxCursor { last_activity: self.last_activity, chat: self.id }
    }
}

/// A page of the chats of one user.
#[derive(Debug)]
pub struct Inbox {
    /// The chats, the most recently active first.
    pub chats: Vec<ChatSummary>,
    /// The position after which the next page begins, or `None` on the last page.
    pub next: Option<InboxCursor>,
}

impl Log {
    /// Returns at most `limit` direct chats of `user`, each with the other member and the last message,
    /// most recent activity first, beginning after the position `before`. A page ends early if the
    /// answer would become too large.
    ///
    /// The cost per chat does not depend on its length.
    pub async fn inbox(&self, user: UserId, before: Option<InboxCursor>, limit: usize) -> Result<Inbox> {
        let mut page = doc! { "members.id": user, "head": true, "kind": "direct" };
        if let Some(InboxCursor { last_activity, chat }) = before {
            page.insert("lastActivity", doc! { "$lte": last_activity });
            let after = [doc! { "lastActivity": { "$lt": last_activity } }, doc! { "_id": { "$lt": chat } }];
            page.insert("$or", after.to_vec());
        }
        let other = doc! { "$first": { "$filter": { "input": "$members.id", "cond": { "$ne": ["$$this", user] } } } };
        // One more chat than requested shows whether there is another page.
        let count = limit + 1;
        let stages = vec![
            doc! { "$match": page },
            doc! { "$sort": { "lastActivity": -1, "_id": -1 } },
            doc! { "$limit": i64::try_from(count).unwrap_or(i64::MAX) },
            doc! { "$project": {
                "lastActivity": 1, "friend": other, "last": { "$ifNull": [{ "$last": messages_of("$entries") }, "$last"] },
            } },
            doc! { "$lookup": {
                "from": "users", "localField": "friend", "foreignField": "_id", "as": "friend",
                "pipeline": [{ "$project": users::public_fields() }],
            } },
            doc! { "$set": { "friend": { "$first": "$friend" } } },
        ];
        // Everything fits into the first batch, so this is one command.
        let rows = self.0.aggregate(stages).batch_size(u32::try_from(count + 1).unwrap_or(u32::MAX));
        let mut chats: Vec<ChatSummary> = rows.with_type::<ChatSummary>().await?.try_collect().await?;
        let mut bytes = 0;
        let fitting = chats.iter().take(limit).take_while(|chat| {
            bytes += chat.text_bytes();
            bytes <= MAX_ANSWER_BYTES
        });
        let fitting = fitting.count();
        let has_more = fitting < chats.len();
        chats.truncate(fitting);
        let next = chats.last().filter(|_| has_more).map(ChatSummary::cursor);
        Ok(Inbox { chats, next })
    }
}
