//! Sessions. A session is a sign-in on one device and lasts for as long as its refresh token is
//! renewed.
//!
//! A refresh token names a session and a generation. Each refresh moves the session to the next
//! generation. A token of an older generation that is presented again was therefore copied (RFC
//! 9700, section 4.14.2).

use std::time::Duration;

use mongodb::bson::doc;
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use super::tokens::{AccessToken, RefreshToken, Ticket};
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::SESSION_OVER;
use crate::database::{expiring, index};
use crate::error::Result;
use crate::values::ids::{SessionId, UserId};
use crate::values::timestamp::Timestamp;

/// The grace period during which the previous generation is accepted as well, because a browser
/// with several tabs refreshes several times at once.
const GRACE: Duration = Duration::from_secs(30);

/// A session as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The id of the session.
    #[serde(rename = "_id")]
    pub id: SessionId,
    /// The user who signed in.
    pub user_id: UserId,
    /// The number of the current refresh token.
    pub generation: i64,
    /// The time at which the generation last changed.
    pub rotated_at: Timestamp,
    /// The user agent of the browser, if it sent one.
    pub user_agent: Option<String>,
    /// The time of the sign-in.
    pub created_at: Timestamp,
    /// The time at which the session ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// The outcome of presenting a refresh token.
pub enum Rotation {
    /// The token was accepted. The session is in the generation to return to the client.
    Current(Session),
    /// The token was used before, so it was copied. The session has ended, and its sockets must be
    /// closed.
    Stolen(Session),
    /// The session does not exist or has ended.
    Ended,
}

/// The collection of sessions.
pub struct Sessions(Collection<Session>);

pub(crate) fn indexes() -> Vec<IndexModel> {
    vec![index(doc! { "userId": 1 }), expiring()]
}

impl FromEnv for Sessions {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(environment.shared::<Database>().await?.collection("sessions")))
    }
}

impl Sessions {
    /// Starts a session of `user`.
    pub async fn start(&self, user: UserId, user_agent: Option<&str>) -> Result<Session> {
        let now = Timestamp::now();
        let session = Session {
            id: SessionId::new(),
            user_id: user,
            generation: 1,
            rotated_at: now,
            user_agent: user_agent.map(|agent| agent.chars().take(256).collect()),
            created_at: now,
            expires_at: now + RefreshToken::LIFETIME,
        };
        self.0.insert_one(&session).await?;
        Ok(session)
    }

    /// Exchanges a refresh token for the next generation. A single conditional update decides, so
    /// of several requests with the same token, one rotates the session and the others get the same
    /// result.
    pub async fn rotate(&self, token: &RefreshToken) -> Result<Rotation> {
        let now = Timestamp::now();
        let current = doc! { "_id": token.session, "generation": token.generation, "expiresAt": { "$gt": now } };
        let next = doc! {
            "$inc": { "generation": 1 },
            "$set": { "rotatedAt": now, "expiresAt": now + RefreshToken::LIFETIME },
        };
        let rotated = self.0.find_one_and_update(current, next).return_document(ReturnDocument::After).await?;
        if let Some(session) = rotated {
            return Ok(Rotation::Current(session));
        }
        match self.find(token.session).await? {
            None => Ok(Rotation::Ended),
            Some(session) if session.accepts(token) => Ok(Rotation::Current(session)),
            Some(session) => {
                self.end(session.id).await?;
                Ok(Rotation::Stolen(session))
            }
        }
    }

    /// Returns the user of a refresh token without exchanging it.
    ///
    /// # Errors
    /// [`SESSION_OVER`] if the session has ended or the token is not its current one.
    pub async fn user_for(&self, token: &RefreshToken) -> Result<UserId> {
        match self.find(token.session).await? {
            Some(session) if session.accepts(token) => Ok(session.user_id),
            _ => Err(SESSION_OVER),
        }
    }

    /// Returns the session with this id, unless it has ended.
    pub async fn find(&self, id: SessionId) -> Result<Option<Session>> {
        Ok(self.0.find_one(doc! { "_id": id, "expiresAt": { "$gt": Timestamp::now() } }).await?)
    }

    /// Redeems a socket ticket. Returns true once per ticket, if its session has not ended. A used
    /// ticket is remembered until it expires.
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

    /// Ends a session and returns it. Returns `None` if it had already ended.
    pub async fn end(&self, id: SessionId) -> Result<Option<Session>> {
        Ok(self.0.find_one_and_delete(doc! { "_id": id }).await?)
    }
}

impl Session {
    /// Returns the refresh token of the current generation.
    pub fn refresh_token(&self) -> RefreshToken {
        RefreshToken { session: self.id, generation: self.generation }
    }

    /// Returns an access token for this session.
    pub fn access_token(&self) -> AccessToken {
        AccessToken { user: self.user_id, session: self.id }
    }

    /// Returns whether the token has the current generation, or had it within the grace period.
    fn accepts(&self, token: &RefreshToken) -> bool {
        let behind = self.generation - token.generation;
        behind == 0 || (behind == 1 && self.rotated_at.age() < GRACE)
    }
}
