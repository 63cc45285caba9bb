//! The records of open connections: the user of each, and the rooms that it joined.
//!
//! A room is a field of the record, so an event costs one query, however many chats there are.

use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, doc};
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use crate::accounts::sessions::Session;
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

/// The lifetime of a record: API Gateway closes a connection after two hours, and clocks differ.
const RECORD_LIFETIME: Duration = Duration::from_secs(2 * 60 * 60 + 10 * 60);

/// The time that a handshake may take. Until `$connect` was answered, the gateway answers posts to
/// the connection with 410.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The maximum number of connections that one event is sent to.
const MAX_RECEIVERS: i64 = 1000;

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
    connected_at: Timestamp,
    expires_at: Timestamp,
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
    /// The rooms that it is in.
    pub rooms: Vec<ChatId>,
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
    vec![index(doc! { "userId": 1 }), index(doc! { "rooms": 1 }), expiring()]
}

#[derive(Deserialize)]
struct Id {
    #[serde(rename = "_id")]
    id: ConnectionId,
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

    /// Deletes the record of a closed connection.
    pub async fn forget(&self, id: &ConnectionId) -> Result<()> {
        self.0.delete_one(doc! { "_id": id }).await?;
        Ok(())
    }

    /// Deletes the records of connections that do not exist any more. A handshake in progress looks
    /// the same to the gateway, so young records stay.
    pub async fn forget_closed(&self, ids: &[ConnectionId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<Bson> = ids.iter().map(Bson::from).collect();
        let filter = doc! { "_id": { "$in": ids }, "connectedAt": { "$lt": Timestamp::now() - HANDSHAKE } };
        self.0.delete_many(filter).await?;
        Ok(())
    }

    /// Deletes the records of a session and returns its connections.
    pub async fn remove_session(&self, session: &Session) -> Result<Vec<ConnectionId>> {
        let filter = doc! { "userId": session.user_id, "sessionId": session.id };
        let ids = self.0.clone_with_type::<Id>();
        let open: Vec<Id> =
            ids.find(filter.clone()).projection(doc! { "_id": 1 }).limit(MAX_RECEIVERS).await?.try_collect().await?;
        if !open.is_empty() {
            self.0.delete_many(filter).await?;
        }
        Ok(open.into_iter().map(|row| row.id).collect())
    }

    /// Returns the user of a connection.
    ///
    /// # Errors
    /// [`UNKNOWN_CONNECTION`].
    pub async fn user_of(&self, id: &ConnectionId) -> Result<UserId> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            user_id: UserId,
        }
        let rows = self.0.clone_with_type::<Row>();
        let row = rows.find_one(doc! { "_id": id }).projection(doc! { "_id": 0, "userId": 1 }).await?;
        Ok(row.ok_or(UNKNOWN_CONNECTION)?.user_id)
    }

    /// Returns the open connections of these users.
    pub async fn of_users(&self, users: &[UserId]) -> Result<Vec<Device>> {
        let filter = doc! { "userId": { "$in": users }, "expiresAt": { "$gt": Timestamp::now() } };
        let devices = self.0.clone_with_type::<Device>();
        let found = devices.find(filter).projection(doc! { "userId": 1, "dialect": 1, "rooms": 1 });
        // Everything fits into the first batch, so this is one command.
        Ok(found.batch_size(u32::try_from(MAX_RECEIVERS + 1).unwrap_or(u32::MAX)).await?.try_collect().await?)
    }

    /// Adds a connection to the room of a chat that its user is a member of.
    ///
    /// # Errors
    /// [`UNKNOWN_CONNECTION`], [`NO_SUCH_CHAT`] or
    /// [`NOT_A_MEMBER`](crate::contract::errors::NOT_A_MEMBER).
    pub async fn join(&self, id: &ConnectionId, room: ChatId) -> Result<()> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            user_id: UserId,
            members: Vec<Vec<Member>>,
        }
        let stages = vec![
            doc! { "$match": { "_id": id } },
            doc! { "$set": { "room": room } },
            doc! { "$lookup": {
                "from": LOG, "localField": "room", "foreignField": "_id", "as": "head",
                "pipeline": [{ "$project": { "members": 1 } }],
            } },
            doc! { "$project": { "userId": 1, "members": "$head.members" } },
        ];
        let mut rows = self.0.aggregate(stages).with_type::<Row>().await?;
        let row = rows.try_next().await?.ok_or(UNKNOWN_CONNECTION)?;
        require_member(row.members.first().ok_or(NO_SUCH_CHAT)?, row.user_id)?;
        self.0.update_one(doc! { "_id": id }, doc! { "$addToSet": { "rooms": room } }).await?;
        Ok(())
    }

    /// Returns the connections in a room, except that of the sender, which must be one of them.
    ///
    /// # Errors
    /// [`NOT_IN_ROOM`] if the sender has not joined the room.
    pub async fn others_in_room(&self, room: ChatId, sender: &ConnectionId) -> Result<Vec<ConnectionId>> {
        let filter = doc! { "rooms": room, "expiresAt": { "$gt": Timestamp::now() } };
        let ids = self.0.clone_with_type::<Id>();
        let found = ids.find(filter).projection(doc! { "_id": 1 }).limit(MAX_RECEIVERS);
        // Everything fits into the first batch, so this is one command.
        let cursor = found.batch_size(u32::try_from(MAX_RECEIVERS + 1).unwrap_or(u32::MAX)).await?;
        let members: Vec<Id> = cursor.try_collect().await?;
        let all = members.len();
        let others: Vec<_> = members.into_iter().map(|row| row.id).filter(|id| id != sender).collect();
        if others.len() == all { Err(NOT_IN_ROOM) } else { Ok(others) }
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
            chats: Vec<mongodb::bson::Document>,
            receivers: Vec<Id>,
        }
        let stages = vec![
            doc! { "$match": { "_id": sender } },
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
                    { "$limit": MAX_RECEIVERS },
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
