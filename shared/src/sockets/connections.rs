//! The records of open connections: the user of each, and the rooms that it joined.
//!
//! A room is a field of the record, so an event costs one query, however many chats there are.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use crate::chats::direct::Pair;
use crate::chats::log::{LOG, Member, require_member};
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::actions::connect::Dialect;
use crate::contract::errors::{NO_SHARED_CHAT, NO_SUCH_CHAT, NOT_IN_ROOM, UNKNOWN_CONNECTION};
use crate::database::{expiring, index};
use crate::error::Result;
use crate::values::ids::{ChatId, SessionId, UserId};
use crate::values::string_value;
use crate::values::text::FullName;
use crate::values::timestamp::Timestamp;

/// The time after which API Gateway closes a connection
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
pub const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// The lifetime of a record, which is longer than [`MAX_AGE`] because clocks differ.
const RECORD_LIFETIME: Duration = Duration::from_secs(2 * 60 * 60 + 10 * 60);

/// The time that a handshake may take. Until `$connect` was answered, the gateway answers posts to
/// the connection with 410.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The number of connections that one reply of the database holds. A query for more takes another
/// command.
const BATCH: u32 = 1000;

/// The maximum number of connections that `newFriend` is sent to.
const MAX_CONNECTIONS: i64 = 1000;

/// API Gateway's id of a connection, an opaque text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConnectionId(String);

string_value!(ConnectionId);

/// A record as stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    #[serde(rename = "_id")]
    id: ConnectionId,
    user_id: UserId,
    session_id: SessionId,
    name: String,
    #[serde(default)]
    dialect: Dialect,
    rooms: Vec<ChatId>,
    /// The users whose presence a native client shows.
    watches: Vec<Watch>,
    connected_at: Timestamp,
    expires_at: Timestamp,
}

/// A user whose presence a connection is told, because it is in the room of the direct chat with
/// that user.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Watch {
    /// The user.
    pub user: UserId,
    /// The direct chat.
    pub chat: ChatId,
    /// The time at which the connection joined the room.
    pub since: Timestamp,
}

impl From<Dialect> for Bson {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Reference => "1".into(),
            Dialect::Native => "2".into(),
        }
    }
}

impl From<Watch> for Bson {
    fn from(Watch { user, chat, since }: Watch) -> Self {
        doc! { "user": user, "chat": chat, "since": since }.into()
    }
}

impl Connection {
    /// Makes the record of a connection that is opened now and has joined no room.
    pub fn new(id: ConnectionId, user: UserId, session: SessionId, name: &FullName, dialect: Dialect) -> Self {
        let now = Timestamp::now();
        Self {
            id,
            user_id: user,
            session_id: session,
            name: name.as_str().to_owned(),
            dialect,
            rooms: Vec::new(),
            watches: Vec::new(),
            connected_at: now,
            expires_at: now + RECORD_LIFETIME,
        }
    }
}

/// A connection that an event can be sent to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// The connection.
    #[serde(rename = "_id")]
    pub connection: ConnectionId,
    /// Its user.
    pub user_id: UserId,
    /// The events that it understands.
    #[serde(default)]
    pub dialect: Dialect,
}

/// The connections in the room of a chat, as one of them sees it.
#[derive(Debug)]
pub struct Room {
    /// The user of the connection.
    pub user: UserId,
    /// The other connections.
    pub others: Vec<Device>,
}

/// The open connections of a user, and those that watch the user.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// The connections of the user, each with the time at which it was opened.
    pub own: Vec<(ConnectionId, Timestamp)>,
    /// The time at which a connection of the user was last closed, if that was just now.
    pub left_at: Option<Timestamp>,
    /// The connections that watch the user.
    pub watchers: Vec<(ConnectionId, Watch)>,
}

/// The sender of `addFriend`, and the connections of the friend.
#[derive(Debug)]
pub struct FriendConnections {
    /// The user who sent the frame, by the record of the connection.
    pub sender: UserId,
    /// The name that the sender connected with.
    pub sender_name: String,
    /// The connections of the friend.
    pub receivers: Vec<ConnectionId>,
}

/// The collection of connection records.
pub struct Connections(Collection<Connection>);

pub(crate) fn indexes() -> Vec<IndexModel> {
    vec![
        index(doc! { "userId": 1 }),
        index(doc! { "sessionId": 1 }),
        index(doc! { "rooms": 1 }),
        index(doc! { "watches.user": 1 }),
        expiring(),
    ]
}

/// Selects the record of a connection, unless it has expired.
fn open(id: &ConnectionId) -> Document {
    doc! { "_id": id, "expiresAt": { "$gt": Timestamp::now() } }
}

#[derive(Deserialize)]
struct Id {
    #[serde(rename = "_id")]
    id: ConnectionId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    user_id: UserId,
}

impl FromEnv for Connections {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(environment.shared::<Database>().await?.collection("connections")))
    }
}

impl Connections {
    /// Records an open connection.
    pub async fn record(&self, connection: &Connection) -> Result<()> {
        self.0.insert_one(connection).await?;
        Ok(())
    }

    /// Deletes the record of a connection that was refused or has ended.
    pub async fn forget(&self, id: &ConnectionId) -> Result<()> {
        self.0.delete_one(doc! { "_id": id }).await?;
        Ok(())
    }

    /// Lets the record of a closed connection expire now, and returns its user. Until it is deleted,
    /// the record shows that the user was there a moment ago. Returns `None` if there is none, or if
    /// it has expired because its session ended.
    pub async fn end(&self, id: &ConnectionId) -> Result<Option<UserId>> {
        let rows = self.0.clone_with_type::<Owner>();
        let update = rows.find_one_and_update(open(id), doc! { "$set": { "expiresAt": Timestamp::now() } });
        Ok(update.projection(doc! { "_id": 0, "userId": 1 }).await?.map(|row| row.user_id))
    }

    /// Deletes the records of connections that do not exist any more, and returns their users. A
    /// handshake in progress looks the same to the gateway, so young records stay.
    pub async fn forget_closed(&self, ids: &[ConnectionId]) -> Result<Vec<UserId>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Bson> = ids.iter().map(Bson::from).collect();
        let filter = doc! { "_id": { "$in": ids }, "connectedAt": { "$lt": Timestamp::now() - HANDSHAKE } };
        let rows = self.0.clone_with_type::<Owner>();
        let found = rows.find(filter.clone()).projection(doc! { "_id": 0, "userId": 1 }).batch_size(BATCH + 1).await?;
        let found: Vec<Owner> = found.try_collect().await?;
        if !found.is_empty() {
            self.0.delete_many(filter).await?;
        }
        let users: BTreeSet<UserId> = found.into_iter().map(|row| row.user_id).collect();
        Ok(users.into_iter().collect())
    }

    /// Cuts off the connections of a session that has ended: their records expire, so nothing is sent
    /// to them and their frames are refused. Returns all that have a record, and their user if one
    /// of them was open until now.
    pub async fn cut_off(&self, session: SessionId) -> Result<(Vec<ConnectionId>, Option<UserId>)> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            #[serde(rename = "_id")]
            id: ConnectionId,
            user_id: UserId,
            expires_at: Timestamp,
        }
        let now = Timestamp::now();
        let rows = self.0.clone_with_type::<Row>();
        let found = rows.find(doc! { "sessionId": session }).projection(doc! { "userId": 1, "expiresAt": 1 });
        let rows: Vec<Row> = found.batch_size(BATCH + 1).await?.try_collect().await?;
        let user = rows.iter().find(|row| row.expires_at > now).map(|row| row.user_id);
        if user.is_some() {
            let open = doc! { "sessionId": session, "expiresAt": { "$gt": now } };
            self.0.update_many(open, doc! { "$set": { "expiresAt": now } }).await?;
        }
        Ok((rows.into_iter().map(|row| row.id).collect(), user))
    }

    /// Deletes the records of a session, whose connections are closed.
    pub async fn forget_session(&self, session: SessionId) -> Result<()> {
        self.0.delete_many(doc! { "sessionId": session }).await?;
        Ok(())
    }

    /// Returns the user of a connection.
    ///
    /// # Errors
    /// [`UNKNOWN_CONNECTION`].
    pub async fn user_of(&self, id: &ConnectionId) -> Result<UserId> {
        let rows = self.0.clone_with_type::<Owner>();
        let row = rows.find_one(open(id)).projection(doc! { "_id": 0, "userId": 1 }).await?;
        Ok(row.ok_or(UNKNOWN_CONNECTION)?.user_id)
    }

    /// Returns the open connections of native clients of these users, and, with `room`, those of
    /// frontends of the reference that are in this room.
    pub async fn of_users(&self, users: &[UserId], room: Option<ChatId>) -> Result<Vec<Device>> {
        let mut receivers = vec![doc! { "dialect": Dialect::Native }];
        if let Some(room) = room {
            receivers.push(doc! { "rooms": room });
        }
        let users = doc! { "$in": users };
        self.devices(doc! { "userId": users, "expiresAt": { "$gt": Timestamp::now() }, "$or": receivers }).await
    }

    /// Returns the connections in a room, of which `sender` must be one. This is one command, unless
    /// it fails.
    ///
    /// # Errors
    /// [`UNKNOWN_CONNECTION`], or [`NOT_IN_ROOM`] if the sender has not joined the room.
    pub async fn room(&self, room: ChatId, sender: &ConnectionId) -> Result<Room> {
        let mut others = self.devices(doc! { "rooms": room, "expiresAt": { "$gt": Timestamp::now() } }).await?;
        let Some(own) = others.iter().position(|device| device.connection == *sender) else {
            self.user_of(sender).await?;
            return Err(NOT_IN_ROOM);
        };
        let Device { user_id, .. } = others.swap_remove(own);
        Ok(Room { user: user_id, others })
    }

    /// Returns the connections that match. This is one command for up to [`BATCH`] of them.
    async fn devices(&self, filter: Document) -> Result<Vec<Device>> {
        let devices = self.0.clone_with_type::<Device>();
        let found = devices.find(filter).projection(doc! { "userId": 1, "dialect": 1 });
        Ok(found.batch_size(BATCH + 1).await?.try_collect().await?)
    }

    /// Returns the open connections of a user, and those that watch the user. A connection was closed
    /// just now if it is no longer ago than `just_now`.
    pub async fn around(&self, user: UserId, just_now: Duration) -> Result<Surroundings> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            #[serde(rename = "_id")]
            id: ConnectionId,
            user_id: UserId,
            connected_at: Timestamp,
            expires_at: Timestamp,
            #[serde(default)]
            watches: Vec<Watch>,
        }
        let now = Timestamp::now();
        let either = vec![doc! { "userId": user }, doc! { "watches.user": user }];
        let rows = self.0.clone_with_type::<Row>();
        let found = rows.find(doc! { "$or": either, "expiresAt": { "$gt": now - just_now } }).projection(doc! {
            "userId": 1, "connectedAt": 1, "expiresAt": 1, "watches": { "$elemMatch": { "user": user } },
        });
        let mut rows = found.batch_size(BATCH + 1).await?;
        let mut surroundings = Surroundings::default();
        while let Some(Row { id, user_id, connected_at, expires_at, watches }) = rows.try_next().await? {
            let is_open = expires_at > now;
            match watches.first() {
                _ if user_id == user && is_open => surroundings.own.push((id, connected_at)),
                _ if user_id == user => surroundings.left_at = surroundings.left_at.max(Some(expires_at)),
                Some(watch) if is_open => surroundings.watchers.push((id, *watch)),
                _ => {}
            }
        }
        Ok(surroundings)
    }

    /// Adds a connection to the room of a chat that its user is a member of. From then on, the
    /// connection of a native client in the room of a direct chat watches the other member, who is
    /// returned.
    ///
    /// # Errors
    /// [`UNKNOWN_CONNECTION`], [`NO_SUCH_CHAT`] or
    /// [`NOT_A_MEMBER`](crate::contract::errors::NOT_A_MEMBER).
    pub async fn join(&self, id: &ConnectionId, room: ChatId) -> Result<Option<UserId>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            user_id: UserId,
            #[serde(default)]
            dialect: Dialect,
            heads: Vec<Head>,
        }
        #[derive(Deserialize)]
        struct Head {
            members: Vec<Member>,
            pair: Option<Pair>,
        }
        let stages = vec![
            doc! { "$match": open(id) },
            doc! { "$set": { "room": room } },
            doc! { "$lookup": {
                "from": LOG, "localField": "room", "foreignField": "_id", "as": "heads",
                "pipeline": [{ "$project": { "members": 1, "pair": 1 } }],
            } },
            doc! { "$project": { "userId": 1, "dialect": 1, "heads": 1 } },
        ];
        let mut rows = self.0.aggregate(stages).with_type::<Row>().await?;
        let Row { user_id, dialect, heads } = rows.try_next().await?.ok_or(UNKNOWN_CONNECTION)?;
        let Head { members, pair } = heads.first().ok_or(NO_SUCH_CHAT)?;
        require_member(members, user_id)?;
        let other = pair
            .filter(|_| dialect == Dialect::Native)
            .and_then(|pair| pair.users().into_iter().find(|user| *user != user_id));
        let rooms = doc! { "$setUnion": ["$rooms", [room]] };
        let mut changes = doc! { "rooms": rooms };
        if let Some(user) = other {
            let kept = doc! { "$filter": {
                "input": { "$ifNull": ["$watches", []] }, "cond": { "$ne": ["$$this.chat", room] },
            } };
            let watch = Watch { user, chat: room, since: Timestamp::now() };
            changes.insert("watches", doc! { "$concatArrays": [kept, [watch]] });
        }
        self.0.update_one(doc! { "_id": id }, vec![doc! { "$set": changes }]).await?;
        Ok(other)
    }

    /// Removes a connection from a room, and ends what it watches there.
    ///
    /// # Errors
    /// [`UNKNOWN_CONNECTION`].
    pub async fn leave(&self, id: &ConnectionId, room: ChatId) -> Result<()> {
        let update = doc! { "$pull": { "rooms": room, "watches": { "chat": room } } };
        let matched = self.0.update_one(open(id), update).await?.matched_count;
        if matched == 0 { Err(UNKNOWN_CONNECTION) } else { Ok(()) }
    }

    /// Returns the connections of `friend`, who must share a chat with the user of the connection
    /// `sender`. All of it is one command.
    ///
    /// # Errors
    /// [`UNKNOWN_CONNECTION`] or [`NO_SHARED_CHAT`].
    pub async fn of_friend(&self, sender: &ConnectionId, friend: UserId) -> Result<FriendConnections> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            user_id: UserId,
            name: String,
            chats: Vec<Document>,
            receivers: Vec<Id>,
        }
        let stages = vec![
            doc! { "$match": open(sender) },
            doc! { "$set": { "pair": Pair::expression("$userId", friend), "friend": friend } },
            doc! { "$lookup": {
                "from": LOG, "as": "chats", "let": { "pair": "$pair" },
                "pipeline": [
                    { "$match": { "pair": { "$exists": true }, "$expr": { "$eq": ["$pair", "$$pair"] } } },
                    { "$project": { "_id": 1 } },
                ],
            } },
            doc! { "$lookup": {
                "from": "connections", "localField": "friend", "foreignField": "userId", "as": "receivers",
                "pipeline": [
                    { "$match": { "expiresAt": { "$gt": Timestamp::now() } } },
                    { "$limit": MAX_CONNECTIONS },
                    { "$project": { "_id": 1 } },
                ],
            } },
        ];
        let mut rows = self.0.aggregate(stages).with_type::<Row>().await?;
        let row = rows.try_next().await?.ok_or(UNKNOWN_CONNECTION)?;
        if row.chats.is_empty() {
            return Err(NO_SHARED_CHAT);
        }
        let receivers = row.receivers.into_iter().map(|row| row.id).collect();
        Ok(FriendConnections { sender: row.user_id, sender_name: row.name, receivers })
    }
}
