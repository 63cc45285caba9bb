//! The records of open sockets: whose each is, and which rooms it joined.
//!
//! A room is a field of the record, so an event costs one query however many chats there are.

use std::fmt;
use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, doc};
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use crate::chats::{self, Chat, Pair};
use crate::database::{expiring, index};
use crate::error::{Error, Result};
use crate::ids::{ChatId, SessionId, UserId};
use crate::sessions::Session;
use crate::text::FullName;
use crate::timestamp::Timestamp;

/// API Gateway closes a socket after two hours; with what clocks may differ, a record is of no use after this time.
const RECORD_LIFETIME: Duration = Duration::from_secs(2 * 60 * 60 + 10 * 60);

/// A socket that is just being opened cannot be posted to: until its `$connect` was answered, the gateway says 410.
const OPENING: Duration = Duration::from_secs(10);

/// The most sockets that one event is sent to.
const MAX_RECEIVERS: i64 = 1000;

/// API Gateway's name for a socket. It has no form to rely on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConnectionId(String);

impl ConnectionId {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&ConnectionId> for Bson {
    fn from(id: &ConnectionId) -> Self {
        Bson::String(id.0.clone())
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A record as stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    #[serde(rename = "_id")]
    id: ConnectionId,
    user_id: UserId,
    session_id: SessionId,
    name: String,
    rooms: Vec<ChatId>,
    connected_at: Timestamp,
    expires_at: Timestamp,
}

impl Connection {
    /// The record of a socket that is opened now and has joined no room.
    pub fn new(id: ConnectionId, user: UserId, session: SessionId, name: &FullName) -> Self {
        let now = Timestamp::now();
        Self {
            id,
            user_id: user,
            session_id: session,
            name: name.as_str().to_owned(),
            rooms: Vec::new(),
            connected_at: now,
            expires_at: now + RECORD_LIFETIME,
        }
    }
}

/// Who asks for a friend to be told, and which sockets the friend has.
#[derive(Debug)]
pub struct Introduction {
    /// Who asks, by the record of their socket.
    pub sender: UserId,
    /// The name that they connected with.
    pub sender_name: String,
    /// The friend's sockets.
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

impl Connections {
    /// The connection records of `database`.
    pub fn new(database: &Database) -> Self {
        Self(database.collection("connections"))
    }

    /// Records an opened socket.
    pub async fn record(&self, connection: &Connection) -> Result<()> {
        self.0.insert_one(connection).await?;
        Ok(())
    }

    /// Forgets a closed socket.
    pub async fn forget(&self, id: &ConnectionId) -> Result<()> {
        self.0.delete_one(doc! { "_id": id }).await?;
        Ok(())
    }

    /// Forgets the sockets that could not be posted to because they are closed, and not because they are just being opened.
    pub async fn forget_gone(&self, ids: &[ConnectionId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<Bson> = ids.iter().map(Bson::from).collect();
        let filter = doc! { "_id": { "$in": ids }, "connectedAt": { "$lt": Timestamp::now() - OPENING } };
        self.0.delete_many(filter).await?;
        Ok(())
    }

    /// Forgets the sockets of a session and returns them.
    pub async fn take_of_session(&self, session: &Session) -> Result<Vec<ConnectionId>> {
        let filter = doc! { "userId": session.user_id, "sessionId": session.id };
        let ids = self.0.clone_with_type::<Id>();
        let open: Vec<Id> =
            ids.find(filter.clone()).projection(doc! { "_id": 1 }).limit(MAX_RECEIVERS).await?.try_collect().await?;
        if !open.is_empty() {
            self.0.delete_many(filter).await?;
        }
        Ok(open.into_iter().map(|row| row.id).collect())
    }

    /// Puts a socket into the room of a chat that its user is a member of.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the socket is not known, [`Error::NotFound`] when there is no such chat,
    /// [`Error::Forbidden`] when it is not the user's.
    pub async fn join(&self, id: &ConnectionId, room: ChatId) -> Result<()> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            user_id: UserId,
            chat: Vec<Chat>,
        }
        let stages = vec![
            doc! { "$match": { "_id": id } },
            doc! { "$set": { "room": room } },
            doc! { "$lookup": { "from": "chats", "localField": "room", "foreignField": "_id", "as": "chat" } },
        ];
        let mut rows = self.0.aggregate(stages).with_type::<Row>().await?;
        let row = rows.try_next().await?.ok_or_else(unknown_socket)?;
        let chat = row.chat.first().ok_or_else(chats::unknown_chat)?;
        chats::require_member(&chat.users_id, row.user_id)?;
        self.0.update_one(doc! { "_id": id }, doc! { "$addToSet": { "rooms": room } }).await?;
        Ok(())
    }

    /// The sockets in a room but the sender's own, which has to be one of them.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the sender's socket has not joined the room.
    pub async fn others_in_room(&self, room: ChatId, sender: &ConnectionId) -> Result<Vec<ConnectionId>> {
        let filter = doc! { "rooms": room, "expiresAt": { "$gt": Timestamp::now() } };
        let ids = self.0.clone_with_type::<Id>();
        let found = ids.find(filter).projection(doc! { "_id": 1 }).limit(MAX_RECEIVERS);
        // All in the first batch: one command.
        let cursor = found.batch_size(u32::try_from(MAX_RECEIVERS + 1).unwrap_or(u32::MAX)).await?;
        let members: Vec<Id> = cursor.try_collect().await?;
        let all = members.len();
        let others: Vec<_> = members.into_iter().map(|row| row.id).filter(|id| id != sender).collect();
        if others.len() == all { Err(Error::Forbidden("join the chat room first")) } else { Ok(others) }
    }

    /// The sockets of `friend`, for the user of the socket `sender`; the two have to share a chat. One command for all of it.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the sender's socket is not known, [`Error::Forbidden`] when they share no chat.
    pub async fn introduce(&self, sender: &ConnectionId, friend: UserId) -> Result<Introduction> {
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
                "from": "chats", "localField": "pair", "foreignField": "pair", "as": "chats",
                "pipeline": [{ "$project": { "_id": 1 } }],
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
        let row = rows.try_next().await?.ok_or_else(unknown_socket)?;
        if row.chats.is_empty() {
            return Err(Error::Forbidden("you share no chat with this user"));
        }
        let receivers = row.receivers.into_iter().map(|row| row.id).collect();
        Ok(Introduction { sender: row.user_id, sender_name: row.name, receivers })
    }
}

fn unknown_socket() -> Error {
    Error::Unauthorized("this connection is not known: connect again")
}
