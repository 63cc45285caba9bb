//! Sessions. A session is a sign-in on one device and lasts for as long as its refresh token is
//! renewed.
//!
//! A refresh token names a session and a generation. [`Generations::present`] decides which
//! generations are accepted; another one was copied (RFC 9700, section 4.14.2). The reasons are in
//! `docs/decisions/0003-session-generations.md`.

use std::time::Duration;

use mongodb::bson::{Bson, doc};
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use super::tokens::{AccessToken, RefreshToken, Ticket};
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::SESSION_OVER;
use crate::database::{expiring, index};
use crate::error::Result;
use crate::values::ids::{SessionId, UserId};
use crate::values::timestamp::Timestamp;

/// The time after a refresh in which others may still be under way, because a browser with several
/// tabs refreshes several times at once. It is more than twice the time limit of a refresh in the
/// client package.
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
    /// The newest generation that was issued.
    pub generation: i64,
    /// The newest generation that was presented.
    #[serde(default)]
    used: i64,
    /// The oldest generation that may still be under way.
    #[serde(default)]
    previous: i64,
    /// The time at which a refresh token was last accepted. The stored name is from a time when each
    /// of these moved the generation.
    #[serde(rename = "rotatedAt")]
    refreshed_at: Timestamp,
    /// The user agent of the browser, if it sent one.
    pub user_agent: Option<String>,
    /// The time of the sign-in.
    pub created_at: Timestamp,
    /// The time at which the session ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// The generations of a session's refresh tokens: `previous <= used <= newest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generations {
    /// The oldest generation that may still be under way, because it was used until the last change.
    pub previous: i64,
    /// The newest generation that was presented.
    pub used: i64,
    /// The newest generation that was issued. Those between `used` and this one were issued as well,
    /// but then `used` was presented again: their answers were lost.
    pub newest: i64,
    /// The time at which one was last accepted.
    pub refreshed_at: Timestamp,
}

impl Generations {
    /// Returns the generations after one of them was presented. The answer carries the newest one.
    /// Returns `None` if the presented one was copied.
    ///
    /// A new one is issued only after a pause of `GRACE`. By then, every earlier answer has arrived
    /// or is lost, so none can replace a newer token in the browser.
    ///
    /// [`Sessions::rotate`] makes the same decision in the database.
    pub fn present(self, presented: i64, now: Timestamp) -> Option<Self> {
        let Self { previous, used, newest, refreshed_at } = self;
        let is_settled = now.since(refreshed_at) >= GRACE;
        let rotates = is_settled && (presented == newest || presented == used);
        // A signed token is genuine, so if it is ahead, the database has lost an update.
        let is_ahead = presented > newest;
        let is_first_use = presented == newest && used < newest;
        if rotates || is_ahead || is_first_use {
            let (previous, newest) = if rotates { (presented, newest + 1) } else { (used, presented) };
            return Some(Self { previous, used: presented, newest, refreshed_at: now });
        }
        (!is_settled && presented >= previous).then_some(Self { refreshed_at: now, ..self })
    }
}

/// The outcome of presenting a browser's refresh tokens.
#[derive(Debug)]
pub enum Rotation {
    /// A token was accepted. The session is in the generation to return to the client.
    Current(Session),
    /// No token was accepted, and one was copied. All of their sessions must end.
    Stolen,
    /// No session of these tokens exists any more.
    Ended,
}

/// The collection of sessions.
pub struct Sessions(Collection<Session>);

pub(crate) fn indexes() -> Vec<IndexModel> {
    vec![index(doc! { "userId": 1 }), expiring()]
}

impl FromEnv for Sessions {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self::new(&environment.shared().await?))
    }
}

impl Sessions {
    /// Returns the sessions in a database.
    pub fn new(database: &Database) -> Self {
        Self(database.collection("sessions"))
    }

    /// Starts a session of `user`.
    pub async fn start(&self, user: UserId, user_agent: Option<&str>) -> Result<Session> {
        let now = Timestamp::now();
        let session = Session {
            id: SessionId::new(),
            user_id: user,
            generation: 1,
            used: 1,
            previous: 1,
            refreshed_at: now,
            user_agent: user_agent.map(|agent| agent.chars().take(256).collect()),
            created_at: now,
            expires_at: now + RefreshToken::LIFETIME,
        };
        self.0.insert_one(&session).await?;
        Ok(session)
    }

    /// Exchanges the first of a browser's refresh tokens that is accepted. A token that is not
    /// accepted beside one that is was left behind in the browser and has no effect.
    pub async fn rotate(&self, tokens: &[RefreshToken]) -> Result<Rotation> {
        let mut outcome = Rotation::Ended;
        for token in tokens {
            match self.present(token, Timestamp::now()).await? {
                Rotation::Ended => {}
                Rotation::Stolen => outcome = Rotation::Stolen,
                current @ Rotation::Current(_) => return Ok(current),
            }
        }
        Ok(outcome)
    }

    /// Presents one token at this time. A single update decides, so concurrent requests agree. It is
    /// [`Generations::present`] as an expression.
    pub async fn present(&self, token: &RefreshToken, now: Timestamp) -> Result<Rotation> {
        let presented = token.generation;
        let is_settled = doc! { "$lte": ["$rotatedAt", now - GRACE] };
        let is_newest = doc! { "$eq": [presented, "$generation"] };
        let rotates = doc! { "$and": [
            &is_settled,
            { "$or": [&is_newest, { "$eq": [presented, "$used"] }] },
        ] };
        let is_ahead = doc! { "$gt": [presented, "$generation"] };
        let is_first_use = doc! { "$and": [is_newest, { "$lt": ["$used", "$generation"] }] };
        let moves = doc! { "$or": [&rotates, is_ahead, is_first_use] };
        let is_recent = doc! { "$and": [{ "$not": is_settled }, { "$gte": [presented, "$previous"] }] };
        let accepts = doc! { "$or": [&moves, is_recent] };
        let if_moved = |value: Bson, field: &str| doc! { "$cond": [&moves, value, field] };
        let if_accepted = |value: Timestamp, field: &str| doc! { "$cond": [&accepts, value, field] };
        let previous = doc! { "$cond": [&rotates, presented, "$used"] };
        let newest = doc! { "$cond": [rotates, { "$add": ["$generation", 1_i64] }, presented] };
        let update = vec![doc! { "$set": {
            "previous": if_moved(previous.into(), "$previous"),
            "used": if_moved(presented.into(), "$used"),
            "generation": if_moved(newest.into(), "$generation"),
            "rotatedAt": if_accepted(now, "$rotatedAt"),
            "expiresAt": if_accepted(now + RefreshToken::LIFETIME, "$expiresAt"),
        } }];
        let lives = doc! { "_id": token.session, "expiresAt": { "$gt": now } };
        let Some(before) = self.0.find_one_and_update(lives, update).await? else {
            return Ok(Rotation::Ended);
        };
        Ok(match before.generations().present(presented, now) {
            Some(Generations { previous, used, newest, refreshed_at }) => {
                Rotation::Current(Session { previous, used, generation: newest, refreshed_at, ..before })
            }
            None => Rotation::Stolen,
        })
    }

    /// Returns the user of a browser's refresh tokens without exchanging them.
    ///
    /// # Errors
    /// [`SESSION_OVER`] if no token would be accepted.
    pub async fn user_for(&self, tokens: &[RefreshToken]) -> Result<UserId> {
        for token in tokens {
            if let Some(session) = self.find(token.session).await?
                && session.generations().present(token.generation, Timestamp::now()).is_some()
            {
                return Ok(session.user_id);
            }
        }
        Err(SESSION_OVER)
    }

    /// Returns the first of a browser's access tokens whose session has not ended; otherwise, the
    /// first one. A single token is returned without a database command.
    pub async fn first_living(&self, mut tokens: Vec<AccessToken>) -> Result<Option<AccessToken>> {
        if tokens.len() > 1 {
            for index in 0..tokens.len() {
                if self.find(tokens[index].session).await?.is_some() {
                    return Ok(Some(tokens.swap_remove(index)));
                }
            }
        }
        Ok(tokens.into_iter().next())
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

    /// Ends a session. Returns false if it had already ended.
    pub async fn end(&self, id: SessionId) -> Result<bool> {
        Ok(self.0.delete_one(doc! { "_id": id }).await?.deleted_count == 1)
    }
}

impl Session {
    /// Returns the newest refresh token.
    pub fn refresh_token(&self) -> RefreshToken {
        RefreshToken { session: self.id, generation: self.generation }
    }

    /// Returns an access token for this session.
    pub fn access_token(&self) -> AccessToken {
        AccessToken { user: self.user_id, session: self.id }
    }

    /// Returns whether the session has only the refresh token that it began with.
    pub fn is_new(&self) -> bool {
        self.generation == 1
    }

    /// Returns the generations of the refresh tokens.
    pub fn generations(&self) -> Generations {
        let &Self { previous, used, generation: newest, refreshed_at, .. } = self;
        Generations { previous, used, newest, refreshed_at }
    }
}
