//! Presence: whether a user is online, which is to have an open connection, and was last seen.
//!
//! A user who hides it looks exactly like one who was never there.

use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database};
use serde::Deserialize;

use super::connections::{ConnectionId, Connections, MAX_AGE, Surroundings, Watch};
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::NO_SUCH_CALLER;
use crate::contract::events::presence::{Presence, PresenceState};
use crate::error::Result;
use crate::values::ids::UserId;
use crate::values::timestamp::Timestamp;

/// The time for which a user may be away without going offline, so that reloading a page is not
/// noticed.
pub const PAUSE: Duration = Duration::from_secs(2);

/// The part of [`PAUSE`] in which a new connection ends the absence before anyone was told. The rest
/// allows for clocks that differ.
const UNNOTICED: Duration = Duration::from_millis(1500);

/// An event for one connection that watches a user.
#[derive(Debug)]
pub struct Notice {
    /// The connection.
    pub to: ConnectionId,
    /// The event.
    pub event: Presence,
}

/// The setting of a user.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    #[serde(default)]
    hides_presence: bool,
}

/// The presence of all users.
pub struct Presences {
    users: Collection<Stored>,
    connections: Connections,
}

impl FromEnv for Presences {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        let users = environment.shared::<Database>().await?.collection("users");
        Ok(Self { users, connections: Connections::from_env(environment).await? })
    }
}

impl Presences {
    /// Returns the presence of a user as others see it. This is one command.
    pub async fn of(&self, user: UserId) -> Result<PresenceState> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            last_seen: Option<Timestamp>,
            #[serde(default)]
            hides_presence: bool,
            connections: Vec<Document>,
        }
        let stages = vec![
            doc! { "$match": { "_id": user } },
            doc! { "$lookup": {
                "from": "connections", "localField": "_id", "foreignField": "userId", "as": "connections",
                "pipeline": [
                    { "$match": { "expiresAt": { "$gt": Timestamp::now() } } },
                    { "$limit": 1 },
                    { "$project": { "_id": 1 } },
                ],
            } },
            doc! { "$project": { "_id": 0, "lastSeen": 1, "hidesPresence": 1, "connections": 1 } },
        ];
        let row = self.users.aggregate(stages).with_type::<Row>().await?.try_next().await?;
        let visible = row.filter(|row| !row.hides_presence);
        let online = visible.as_ref().is_some_and(|row| !row.connections.is_empty());
        let last_seen = visible.and_then(|row| row.last_seen).map(|seen| seen.min(Timestamp::now()));
        Ok(PresenceState { user_id: user, online, last_seen: last_seen.filter(|_| !online) })
    }

    /// Records that a user opened a connection. Returns the notices that are due.
    pub async fn opened(&self, user: UserId, connection: &ConnectionId) -> Result<Vec<Notice>> {
        let Stored { hides_presence } = self.see(user, Timestamp::now() + MAX_AGE).await?;
        let Surroundings { own, left_at, watchers } = self.connections.around(user, UNNOTICED).await?;
        // Of connections that are opened at the same time, the first one is announced.
        let first = own.iter().map(|(id, opened_at)| (*opened_at, id.as_str())).min();
        if hides_presence || first.is_some_and(|(_, id)| id != connection.as_str()) {
            return Ok(Vec::new());
        }
        // Whoever began to watch during an absence that is not announced has seen it nevertheless.
        let is_uninformed = |watch: &Watch| left_at.is_none_or(|begin| watch.since >= begin);
        let watchers = watchers.into_iter().filter(|(_, watch)| is_uninformed(watch));
        Ok(notices(watchers, PresenceState { user_id: user, online: true, last_seen: None }))
    }

    /// Records that a connection of a user was closed. Returns the notices that are due unless the
    /// user comes back.
    pub async fn closed(&self, user: UserId) -> Result<Vec<Notice>> {
        let Surroundings { own, watchers, .. } = self.around(user).await?;
        let latest_end = own.iter().map(|(_, connected_at)| *connected_at + MAX_AGE).max();
        let last_seen = latest_end.unwrap_or_else(Timestamp::now);
        let Stored { hides_presence } = self.see(user, last_seen).await?;
        if latest_end.is_some() || hides_presence {
            return Ok(Vec::new());
        }
        Ok(notices(watchers, PresenceState { user_id: user, online: false, last_seen: Some(last_seen) }))
    }

    /// Returns whether a user has an open connection.
    pub async fn has_connection(&self, user: UserId) -> Result<bool> {
        Ok(!self.around(user).await?.own.is_empty())
    }

    /// Sets whether others see the presence of a user. Returns the notices that are due: to hide
    /// looks like to leave.
    ///
    /// # Errors
    /// [`NO_SUCH_CALLER`] if the user does not exist.
    pub async fn show(&self, user: UserId, visible: bool) -> Result<Vec<Notice>> {
        let change = doc! { "$set": { "hidesPresence": !visible } };
        let before = self.update(user, change).await?.ok_or(NO_SUCH_CALLER)?;
        if before.hides_presence != visible {
            return Ok(Vec::new());
        }
        let Surroundings { own, watchers, .. } = self.around(user).await?;
        let watchers = if own.is_empty() { Vec::new() } else { watchers };
        let last_seen = (!visible).then(Timestamp::now);
        Ok(notices(watchers, PresenceState { user_id: user, online: visible, last_seen }))
    }

    async fn around(&self, user: UserId) -> Result<Surroundings> {
        self.connections.around(user, Duration::ZERO).await
    }

    /// Stores when a user was last seen: the time at which the last connection was closed, or, while
    /// one is open, the latest time at which it ends. The latter becomes true if API Gateway never
    /// reports the end.
    async fn see(&self, user: UserId, last_seen: Timestamp) -> Result<Stored> {
        Ok(self.update(user, doc! { "$set": { "lastSeen": last_seen } }).await?.unwrap_or_default())
    }

    async fn update(&self, user: UserId, change: Document) -> Result<Option<Stored>> {
        let update = self.users.find_one_and_update(doc! { "_id": user }, change);
        let fields = doc! { "_id": 0, "hidesPresence": 1 };
        Ok(update.projection(fields).return_document(ReturnDocument::Before).await?)
    }
}

/// Returns the same presence for each of these connections, with the chat in which it watches.
fn notices(watchers: impl IntoIterator<Item = (ConnectionId, Watch)>, state: PresenceState) -> Vec<Notice> {
    let notice = |(to, watch): (_, Watch)| Notice { to, event: Presence { chat_id: watch.chat, state } };
    watchers.into_iter().map(notice).collect()
}
