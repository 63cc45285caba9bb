//! The marks of the members of chats: how far each has received and read, and their settings.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::{CollectionOptions, ReadConcern, ReturnDocument};
use mongodb::{Collection, Database, IndexModel};
use serde::Deserialize;

use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::endpoints::chat_settings::ChatSettingsInput;
use crate::contract::synced::{ChatSettings, Marks};
use crate::database::{index, unique};
use crate::error::{Error, Result};
use crate::values::ids::{ChatId, UserId};
use crate::values::timestamp::Timestamp;

/// The name of the collection.
pub(crate) const MARKS: &str = "marks";

/// The maximum number of members of a chat whose members see each other's marks. In a larger chat,
/// each message would cause as many events as it has pairs of members.
pub(crate) const MAX_SHARING: usize = 32;

/// The marks of one member of a chat, as stored. They only grow.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    chat_id: ChatId,
    user_id: UserId,
    delivered: i64,
    read: i64,
    #[serde(default)]
    muted: bool,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    pinned: bool,
    #[serde(default)]
    cleared_seq: i64,
    updated_at: Timestamp,
}

impl Mark {
    /// Returns the chat and the member.
    pub(super) fn key(&self) -> (ChatId, UserId) {
        (self.chat_id, self.user_id)
    }

    /// Returns the watermarks, which other members may see.
    pub fn watermarks(&self) -> Marks {
        Marks { user_id: self.user_id, delivered: self.delivered, read: self.read }
    }

    /// Returns the settings, which only the member sees.
    pub fn settings(&self) -> ChatSettings {
        let Self { muted, archived, pinned, cleared_seq, .. } = *self;
        ChatSettings { muted, archived, pinned, cleared_seq }
    }

    /// Returns the `seq` of the last entry that is not unread, even if it is not the member's own.
    pub fn floor(&self) -> i64 {
        self.read.max(self.cleared_seq)
    }

    /// Returns the time of the last change.
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }
}

/// The chats whose marks a sync reads. Chats of more than [`MAX_SHARING`] members belong only into `own`.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The chats whose own marks are read.
    pub own: &'a [ChatId],
    /// The chats whose members' marks are read if they have changed since this time.
    pub changed: (&'a [ChatId], Timestamp),
    /// The chats whose members' marks are all read.
    pub all: &'a [ChatId],
}

/// The marks of one chat.
#[derive(Clone, Debug, Default)]
pub struct ChatMarks {
    /// The reader's own marks, if there are any.
    pub own: Option<Mark>,
    /// The watermarks of the members that were asked for, which may include the reader.
    pub members: Vec<Marks>,
}

/// The collection of the marks of all members.
#[derive(Clone)]
pub struct AllMarks(Collection<Mark>);

pub(crate) fn indexes() -> Vec<IndexModel> {
    vec![
        unique(doc! { "chatId": 1, "userId": 1 }),
        index(doc! { "chatId": 1, "updatedAt": 1 }),
        index(doc! { "userId": 1, "updatedAt": 1 }),
    ]
}

impl FromEnv for AllMarks {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        let options = CollectionOptions::builder().read_concern(ReadConcern::majority()).build();
        Ok(Self(environment.shared::<Database>().await?.collection_with_options(MARKS, options)))
    }
}

impl AllMarks {
    /// Moves the watermarks of a member forward. What was read was delivered, too. Returns the
    /// watermarks as stored, or `None` if both are there already.
    ///
    /// The filter is only the unique key, so that the database repeats the command if another one
    /// inserts the same document at the same moment; with a condition, it would refuse one of them.
    pub async fn advance(&self, chat: ChatId, user: UserId, delivered: i64, read: i64) -> Result<Option<Marks>> {
        let delivered = delivered.max(read);
        if delivered == 0 {
            return Ok(None);
        }
        // A missing field is less than any number.
        let grows = doc! { "$or": [{ "$gt": [delivered, "$delivered"] }, { "$gt": [read, "$read"] }] };
        let update = vec![doc! { "$set": {
            "delivered": { "$max": ["$delivered", delivered] },
            "read": { "$max": ["$read", read] },
            "updatedAt": { "$cond": [grows, "$$NOW", "$updatedAt"] },
        } }];
        let before = self.0.find_one_and_update(key(chat, user), update).upsert(true);
        let before = before.return_document(ReturnDocument::Before).await?;
        let present = before.map_or(Marks { user_id: user, delivered: 0, read: 0 }, |mark| mark.watermarks());
        let new = Marks { delivered: delivered.max(present.delivered), read: read.max(present.read), ..present };
        Ok((new != present).then_some(new))
    }

    /// Changes the settings of a member for a chat whose last entry is `last_seq`. Returns all of the
    /// settings.
    pub async fn change_settings(
        &self,
        user: UserId,
        changes: &ChatSettingsInput,
        last_seq: i64,
    ) -> Result<ChatSettings> {
        let ChatSettingsInput { chat_id, muted, archived, pinned, cleared_seq } = changes;
        let flags = [("muted", muted), ("archived", archived), ("pinned", pinned)];
        let flags: Document =
            flags.into_iter().filter_map(|(name, flag)| Some((name.to_owned(), (*flag)?.into()))).collect();
        let cleared = cleared_seq.map_or(0, |seq| seq.get().min(last_seq));
        let update = doc! {
            "$set": flags,
            "$max": { "clearedSeq": cleared },
            "$setOnInsert": { "delivered": 0_i64, "read": 0_i64 },
            "$currentDate": { "updatedAt": true },
        };
        let changed = self.0.find_one_and_update(key(*chat_id, user), update).upsert(true);
        let mark = changed.return_document(ReturnDocument::After).await?;
        mark.map(|mark| mark.settings()).ok_or_else(|| Error::Internal("an upsert returned nothing".into()))
    }

    /// Reads the marks that a sync of `reader` needs, by chat, in one command. Chats without any are
    /// absent. Those of former members are among them.
    pub async fn of_chats(&self, reader: UserId, wanted: Wanted<'_>) -> Result<HashMap<ChatId, ChatMarks>> {
        let Wanted { own, changed: (changed, since), all } = wanted;
        let filter = doc! { "$or": [
            { "chatId": { "$in": own }, "userId": reader },
            { "chatId": { "$in": changed }, "updatedAt": { "$gt": since } },
            { "chatId": { "$in": all } },
        ] };
        let (changed, all) = (changed.iter().collect::<HashSet<_>>(), all.iter().collect::<HashSet<_>>());
        let mut chats: HashMap<ChatId, ChatMarks> = HashMap::new();
        let mut found = self.0.find(filter).batch_size(MAX_BATCH).await?;
        while let Some(mark) = found.try_next().await? {
            let chat = chats.entry(mark.chat_id).or_default();
            let is_changed = mark.updated_at > since && changed.contains(&mark.chat_id);
            if is_changed || all.contains(&mark.chat_id) {
                chat.members.push(mark.watermarks());
            }
            if mark.user_id == reader {
                chat.own = Some(mark);
            }
        }
        Ok(chats)
    }
}

/// The size of a batch that has room for everything, so that reading is one command.
const MAX_BATCH: u32 = 100_000;

fn key(chat: ChatId, user: UserId) -> Document {
    doc! { "chatId": chat, "userId": user }
}
