//! The collection of all chats.

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{CollectionOptions, IndexOptions, ReadConcern};
use mongodb::{Collection, Database, IndexModel};
use serde::Deserialize;

use super::entry::{Entry, Note};
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::{NO_SUCH_CHAT, NOT_A_MEMBER};
use crate::database::unique;
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};

/// The name of the collection.
pub(crate) const LOG: &str = "log";

/// The number of entries in a full head, and in every archive.
pub(super) const PAGE: i64 = 64;

/// The last entry of a full head.
pub(super) const LAST_ENTRY: &str = "entries.63";

/// The heads and archives of all chats.
#[derive(Clone)]
pub struct Log(pub(super) Collection<Document>);

/// A member of a chat.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Member {
    /// The user.
    pub id: UserId,
    /// What the member may do. Members of a direct chat have no roles.
    #[serde(default)]
    pub(super) role: Option<Role>,
    /// The first entry that the member sees.
    pub(super) from: i64,
}

impl Member {
    /// Returns whether the member is an admin or an owner of a group.
    pub(super) fn is_admin(&self) -> bool {
        matches!(self.role, Some(Role::Owner | Role::Admin))
    }
}

impl From<Member> for Bson {
    fn from(Member { id, role, from }: Member) -> Self {
        let mut document = doc! { "id": id, "from": from };
        if let Some(role) = role {
            document.insert("role", role);
        }
        document.into()
    }
}

/// What a member of a group may do. Each role may do what the next one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Changes roles.
    Owner,
    /// Adds and removes members, and deletes messages of others.
    Admin,
    /// Sends and reads.
    Member,
}

impl From<Role> for Bson {
    fn from(role: Role) -> Self {
        let name = match role {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Member => "member",
        };
        name.into()
    }
}

/// The part of a head that a reader needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) members: Vec<Member>,
    /// The changes of archived messages that the archives may not have yet.
    #[serde(default)]
    pub(super) pending: Vec<Note>,
    /// The number of archives before the entries of this head.
    pub(super) number: i64,
    /// The `seq` of the last entry.
    pub(super) last_seq: i64,
    pub(super) entries: Vec<Entry>,
    /// The last archived message, which is the last of the chat if `entries` has none.
    pub(super) last: Option<Entry>,
}

pub(crate) fn indexes() -> Vec<IndexModel> {
    let partial = |keys, is_unique, filter| {
        let options = IndexOptions::builder().unique(is_unique).partial_filter_expression(filter).build();
        IndexModel::builder().keys(keys).options(options).build()
    };
    vec![
        unique(doc! { "chatId": 1, "number": 1 }),
        // An archive gets its keys only when the head has dropped them.
        partial(doc! { "chatId": 1, "keys": 1 }, true, doc! { "keys": { "$exists": true } }),
        partial(doc! { "pair": 1 }, true, doc! { "pair": { "$exists": true } }),
        partial(doc! { "members.id": 1, "lastActivity": -1, "_id": -1 }, false, doc! { "head": true }),
    ]
}

impl FromEnv for Log {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self::new(&environment.shared::<Database>().await?))
    }
}

impl Log {
    /// Returns the chats of `database`. Reads see only what a majority of the servers has, so that a
    /// change of the primary takes nothing back that was read.
    pub fn new(database: &Database) -> Self {
        let options = CollectionOptions::builder().read_concern(ReadConcern::majority()).build();
        Self(database.collection_with_options(LOG, options))
    }

    /// Reads the head of a chat that `reader` is a member of.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`] or [`NOT_A_MEMBER`].
    pub(super) async fn head(&self, chat: ChatId, reader: UserId) -> Result<(Head, Member)> {
        let head = self.whole_head(chat).await?;
        let member = require_member(&head.members, reader)?;
        Ok((head, member))
    }

    /// Reads the head of a chat for somebody who may see all of it.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`].
    pub(super) async fn whole_head(&self, chat: ChatId) -> Result<Head> {
        let heads = self.0.clone_with_type::<Head>();
        let fields = doc! { "_id": 0, "members": 1, "number": 1, "lastSeq": 1, "entries": 1, "last": 1, "pending": 1 };
        heads.find_one(doc! { "_id": chat }).projection(fields).await?.ok_or(NO_SUCH_CHAT)
    }
}

/// Returns the member of a chat that `user` is.
///
/// # Errors
/// [`NOT_A_MEMBER`] if there is none.
pub(crate) fn require_member(members: &[Member], user: UserId) -> Result<Member> {
    members.iter().find(|member| member.id == user).copied().ok_or(NOT_A_MEMBER)
}

/// Returns the id of an archive of a chat.
pub(super) fn archive_id(chat: ChatId, number: i64) -> String {
    format!("{chat}:{number}")
}
