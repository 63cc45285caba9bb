//! Sessions: one sign-in on one device, for as long as its refresh token is renewed.
//!
//! A refresh token names a session and a generation. Each refresh moves the session to the next
//! generation, so a token that comes back after that was copied (RFC 9700, section 4.14.2).

use std::time::Duration;

use mongodb::bson::doc;
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use crate::database::{expiring, index};
use crate::error::{Error, Result};
use crate::ids::{SessionId, UserId};
use crate::timestamp::Timestamp;
use crate::tokens::{RefreshToken, Ticket};

/// How long a session lives without a refresh.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A browser with several tabs refreshes several times at once: for so long the generation before the current one is good too.
const GRACE: Duration = Duration::from_secs(30);

/// A session as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The session's id.
    #[serde(rename = "_id")]
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The number of the refresh token that is good now.
    pub generation: i64,
    /// When the generation last changed.
    pub rotated_at: Timestamp,
    /// What the browser calls itself, where it does.
    pub user_agent: Option<String>,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the session ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// What came of presenting a refresh token.
pub enum Rotation {
    /// The token was good: the session, in the generation to hand out.
    Current(Session),
    /// The token was used before: somebody copied it. The session is over; its sockets have to be closed.
    Stolen(Session),
    /// There is no such session, or no longer.
    Ended,
}

/// The collection of sessions.
pub struct Sessions(Collection<Session>);

pub(crate) fn indexes() -> Vec<IndexModel> {
    vec![index(doc! { "userId": 1 }), expiring()]
}

impl Sessions {
    /// The sessions of `database`.
    pub fn new(database: &Database) -> Self {
        Self(database.collection("sessions"))
    }

    /// Signs `user` in on one more device.
    pub async fn start(&self, user: UserId, user_agent: Option<&str>) -> Result<Session> {
        let now = Timestamp::now();
        let session = Session {
            id: SessionId::new(),
            user_id: user,
            generation: 1,
            rotated_at: now,
            user_agent: user_agent.map(|agent| agent.chars().take(256).collect()),
            created_at: now,
            expires_at: now + SESSION_LIFETIME,
        };
        self.0.insert_one(&session).await?;
        Ok(session)
    }

    /// Exchanges a refresh token for the next generation. One conditional update decides, so of several
    /// requests with the same token one rotates and the others are answered with what it made.
    pub async fn rotate(&self, token: &RefreshToken) -> Result<Rotation> {
        let now = Timestamp::now();
        let current = doc! { "_id": token.session, "generation": token.generation, "expiresAt": { "$gt": now } };
        let next =
            doc! { "$inc": { "generation": 1 }, "$set": { "rotatedAt": now, "expiresAt": now + SESSION_LIFETIME } };
        let rotated = self.0.find_one_and_update(current, next).return_document(ReturnDocument::After).await?;
        if let Some(session) = rotated {
            return Ok(Rotation::Current(session));
        }
        match self.find(token.session).await? {
            None => Ok(Rotation::Ended),
            Some(session) if session.honours(token) => Ok(Rotation::Current(session)),
            Some(session) => {
                self.end(session.id).await?;
                Ok(Rotation::Stolen(session))
            }
        }
    }

    /// Whose refresh token this is, without exchanging it.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when the session is over or the token is not its current one.
    pub async fn user_of(&self, token: &RefreshToken) -> Result<UserId> {
        match self.find(token.session).await? {
            Some(session) if session.honours(token) => Ok(session.user_id),
            _ => Err(Error::Unauthorized("the session is over: sign in again")),
        }
    }

    /// The session with this id, unless it is over.
    pub async fn find(&self, id: SessionId) -> Result<Option<Session>> {
        Ok(self.0.find_one(doc! { "_id": id, "expiresAt": { "$gt": Timestamp::now() } }).await?)
    }

    /// Uses a socket ticket: true once for each ticket of a live session. A used ticket is remembered for as long as it could be presented.
    pub async fn redeem(&self, ticket: &Ticket) -> Result<bool> {
        let now = Timestamp::now();
        let filter =
            doc! { "_id": ticket.session, "expiresAt": { "$gt": now }, "usedTickets.id": { "$ne": ticket.id } };
        let remembered = doc! { "$filter": {
            "input": { "$ifNull": ["$usedTickets", []] },
            "cond": { "$gt": ["$$this.expiresAt", now] },
        } };
        let used = doc! { "id": ticket.id, "expiresAt": now + Ticket::LIFETIME };
        let update = vec![doc! { "$set": { "usedTickets": { "$concatArrays": [remembered, [used]] } } }];
        Ok(self.0.update_one(filter, update).await?.matched_count == 1)
    }

    /// Ends a session. `None` when it was over already.
    pub async fn end(&self, id: SessionId) -> Result<Option<Session>> {
        Ok(self.0.find_one_and_delete(doc! { "_id": id }).await?)
    }
}

impl Session {
    /// Whether this token is the current one, or was until a moment ago.
    fn honours(&self, token: &RefreshToken) -> bool {
        let behind = self.generation - token.generation;
        behind == 0 || (behind == 1 && self.rotated_at.age() < GRACE)
    }
}
