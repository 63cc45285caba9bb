//! Storing the marks of a member, and announcing them.

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, bson, doc};
use mongodb::options::ReadConcern;
use mongodb::{Collection, Database};
use serde::Deserialize;

use super::connections::{ConnectionId, Device};
use super::push::Push;
use crate::chats::log::LOG;
use crate::chats::marks::{AllMarks, MAX_SHARING};
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::actions::connect::Dialect;
use crate::contract::endpoints::chat_settings::ChatSettingsInput;
use crate::contract::errors::{NO_SUCH_CHAT, NOT_A_MEMBER};
use crate::contract::events::chat_settings::ChatSettingsChanged;
use crate::contract::events::receipt::Receipt;
use crate::contract::frame::Event;
use crate::contract::receipt::ReceiptInput;
use crate::contract::synced::ChatSettings;
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};
use crate::values::timestamp::Timestamp;

/// Stores the marks of members and announces them to native clients.
///
/// The receivers are read together with the membership, before the write. A connection that opens in
/// between misses the event, and its sync shows the marks.
pub struct Marking {
    heads: Collection<Document>,
    marks: AllMarks,
    push: Push,
}

/// The part of a chat that a member's marks depend on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    last_seq: i64,
    is_member: bool,
    receivers: Vec<Device>,
}

impl FromEnv for Marking {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        let heads = environment.shared::<Database>().await?.collection(LOG);
        Ok(Self { heads, marks: AllMarks::from_env(environment).await?, push: Push::from_env(environment).await? })
    }
}

impl Marking {
    /// Moves the watermarks of `member` forward, at most to the end of the chat. If one has moved and
    /// the chat is not too large, all members see it, except on the connection `cause`.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`] or [`NOT_A_MEMBER`].
    pub async fn receipt(&self, member: UserId, cause: Option<&ConnectionId>, input: ReceiptInput) -> Result<()> {
        let ReceiptInput { chat_id, delivered, read } = input;
        let is_small = doc! { "$lte": [{ "$size": "$members" }, MAX_SHARING as i64] };
        let everybody = bson!({ "$cond": [is_small, "$members.id", []] });
        let Standing { last_seq, receivers, .. } = self.standing(chat_id, member, everybody).await?;
        let (delivered, read) = (delivered.get().min(last_seq), read.get().min(last_seq));
        match self.marks.advance(chat_id, member, delivered, read).await? {
            Some(marks) => self.announce(receivers, cause, &Receipt { chat_id, marks }).await,
            None => Ok(()),
        }
    }

    /// Changes the settings of `member` for a chat, and returns all of them. The member's devices
    /// see them.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`] or [`NOT_A_MEMBER`].
    pub async fn change_settings(&self, member: UserId, changes: &ChatSettingsInput) -> Result<ChatSettings> {
        let chat_id = changes.chat_id;
        let Standing { last_seq, receivers, .. } = self.standing(chat_id, member, bson!([member])).await?;
        let settings = self.marks.change_settings(member, changes, last_seq).await?;
        self.announce(receivers, None, &ChatSettingsChanged { chat_id, settings }).await?;
        Ok(settings)
    }

    /// Returns the standing of a member, with the open connections of the users in `audience`, which
    /// is an aggregation expression. All of it is one command.
    async fn standing(&self, chat: ChatId, member: UserId, audience: Bson) -> Result<Standing> {
        let stages = vec![
            doc! { "$match": { "_id": chat } },
            doc! { "$project": { "lastSeq": 1, "isMember": { "$in": [member, "$members.id"] }, "audience": audience } },
            doc! { "$lookup": {
                "from": "connections", "localField": "audience", "foreignField": "userId", "as": "receivers",
                "pipeline": [
                    { "$match": { "expiresAt": { "$gt": Timestamp::now() } } },
                    { "$project": { "userId": 1, "dialect": 1 } },
                ],
            } },
        ];
        let found = self.heads.aggregate(stages).read_concern(ReadConcern::majority()).with_type::<Standing>();
        let standing = found.await?.try_next().await?.ok_or(NO_SUCH_CHAT)?;
        if standing.is_member { Ok(standing) } else { Err(NOT_A_MEMBER) }
    }

    async fn announce(&self, to: Vec<Device>, except: Option<&ConnectionId>, event: &impl Event) -> Result<()> {
        let native = to.into_iter().filter(|device| device.dialect == Dialect::Native).map(|device| device.connection);
        self.push.broadcast(native.filter(|id| Some(id) != except).collect(), event).await
    }
}
