//! The chats of one user.

use std::collections::HashMap;
use std::mem;

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use serde::Deserialize;

use super::entry::Entry;
use super::history::MAX_ANSWER_BYTES;
use super::log::{Log, Member};
use super::marks::{MARKS, Mark};
use super::unread::{Sent, messages_in_head, newest_messages, unread};
use crate::accounts::users::{self, PublicProfile};
use crate::contract::message::Message;
use crate::contract::synced::Marks;
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};
use crate::values::inbox_cursor::InboxCursor;
use crate::values::timestamp::Timestamp;

/// A direct chat in the list of one of its members.
#[derive(Debug)]
pub struct ChatSummary {
    /// The id of the chat.
    pub id: ChatId,
    /// The other member.
    pub friend: PublicProfile,
    /// The last message.
    pub last: Option<Message>,
    /// The number of unread messages.
    pub unread: usize,
    /// The watermarks of the other member.
    pub friend_marks: Marks,
    /// The time of the last message, or of the creation.
    pub last_activity: Timestamp,
}

impl ChatSummary {
    /// Returns the number of bytes of the texts that users have chosen.
    fn text_bytes(&self) -> usize {
        let last =
            self.last.as_ref().map_or(0, |last| last.message.len() + last.client_id.as_ref().map_or(0, String::len));
        self.friend.name_bytes() + last
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

/// A chat as it is read. The first one also has the marks and the profiles of all members of all
/// chats.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "_id")]
    id: ChatId,
    last_activity: Timestamp,
    members: Vec<Member>,
    last: Option<Entry>,
    newest: Vec<Sent>,
    #[serde(default)]
    marks: Vec<Mark>,
    #[serde(default)]
    profiles: Vec<PublicProfile>,
}

impl Log {
    /// Returns at most `limit` direct chats of `user`, each with the other member and the last message,
    /// most recent activity first, beginning after the position `before`. A page ends early if the
    /// answer would become too large.
    ///
    /// The cost per chat does not depend on its length.
    pub async fn inbox(&self, user: UserId, before: Option<InboxCursor>, limit: usize) -> Result<Inbox> {
        // One more chat than requested shows whether there is another page.
        let count = limit + 1;
        // Everything fits into the first batch, so this is one command.
        let rows =
            self.0.aggregate(stages(user, before, count)).batch_size(u32::try_from(count + 1).unwrap_or(u32::MAX));
        let mut rows: Vec<Row> = rows.with_type::<Row>().await?.try_collect().await?;
        let members = Members::take_from(&mut rows);
        let mut chats: Vec<_> = rows.into_iter().map(|row| members.summary(row, user)).collect();
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

/// Returns the stages that read `count` chats.
///
/// Looking up the marks and the profiles of all chats at once takes a fraction of the time of a
/// lookup per chat. The chats become separate documents again, since one has at most 16 MB.
fn stages(user: UserId, before: Option<InboxCursor>, count: usize) -> Vec<Document> {
    let mut page = doc! { "members.id": user, "head": true, "kind": "direct" };
    if let Some(InboxCursor { last_activity, chat }) = before {
        page.insert("lastActivity", doc! { "$lte": last_activity });
        let after = [doc! { "lastActivity": { "$lt": last_activity } }, doc! { "_id": { "$lt": chat } }];
        page.insert("$or", after.to_vec());
    }
    let is_first = doc! { "$eq": ["$index", 0] };
    vec![
        doc! { "$match": page },
        doc! { "$sort": { "lastActivity": -1, "_id": -1 } },
        doc! { "$limit": i64::try_from(count).unwrap_or(i64::MAX) },
        doc! { "$set": { "messages": messages_in_head() } },
        doc! { "$project": {
            "lastActivity": 1,
            "members": 1,
            "last": { "$ifNull": [{ "$last": "$messages" }, "$last"] },
            "newest": newest_messages("$messages"),
        } },
        doc! { "$group": { "_id": null, "chats": { "$push": "$$ROOT" } } },
        doc! { "$lookup": { "from": MARKS, "localField": "chats._id", "foreignField": "chatId", "as": "marks" } },
        doc! { "$lookup": {
            "from": "users", "localField": "chats.members.id", "foreignField": "_id", "as": "profiles",
            "pipeline": [{ "$project": users::public_fields() }],
        } },
        doc! { "$unwind": { "path": "$chats", "includeArrayIndex": "index" } },
        doc! { "$replaceWith": { "$mergeObjects": [
            "$chats", { "$cond": [is_first, { "marks": "$marks", "profiles": "$profiles" }, {}] },
        ] } },
    ]
}

/// The members of the chats of a page.
struct Members {
    marks: HashMap<(ChatId, UserId), Mark>,
    profiles: HashMap<UserId, PublicProfile>,
}

impl Members {
    fn take_from(rows: &mut [Row]) -> Self {
        let (mut marks, mut profiles) = (HashMap::new(), HashMap::new());
        for row in rows {
            marks.extend(mem::take(&mut row.marks).into_iter().map(|mark| (mark.key(), mark)));
            profiles.extend(mem::take(&mut row.profiles).into_iter().map(|profile| (profile.id(), profile)));
        }
        Self { marks, profiles }
    }

    /// Returns a chat as `user` sees it. A friend without a record has no name.
    fn summary(&self, row: Row, user: UserId) -> ChatSummary {
        let Row { id, last_activity, members, last, newest, .. } = row;
        let from = members.iter().find(|member| member.id == user).map_or(1, |member| member.from);
        let friend = members.iter().map(|member| member.id).find(|id| *id != user).unwrap_or(user);
        let floor = self.marks.get(&(id, user)).map_or(0, Mark::floor).max(from - 1);
        let nothing = Marks { user_id: friend, delivered: 0, read: 0 };
        ChatSummary {
            id,
            friend: self.profiles.get(&friend).cloned().unwrap_or_else(|| PublicProfile::unknown(friend)),
            last: last.and_then(Entry::into_message),
            unread: unread(newest.into_iter().rev(), user, floor),
            friend_marks: self.marks.get(&(id, friend)).map_or(nothing, Mark::watermarks),
            last_activity,
        }
    }
}
