//! The users of the connections that this process has served.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::connections::{ConnectionId, Connections};
use crate::config::{ConfigError, Environment, FromEnv};
use crate::error::Result;
use crate::values::ids::UserId;

/// The time for which a user is remembered. The user of a connection never changes, but a session may
/// end; its connections are then closed, so this bounds what follows if closing one fails.
const LIFETIME: Duration = Duration::from_secs(60);

/// The maximum number of connections that are remembered.
const MAX_REMEMBERED: usize = 10_000;

/// Identifies the senders of frames. A connection that this process has served within the last
/// minute costs no database command.
pub struct Callers {
    connections: Connections,
    remembered: Mutex<HashMap<ConnectionId, (UserId, Instant)>>,
}

impl FromEnv for Callers {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self { connections: Connections::from_env(environment).await?, remembered: Mutex::default() })
    }
}

impl Callers {
    /// Returns the user of a connection.
    ///
    /// # Errors
    /// [`UNKNOWN_CONNECTION`](crate::contract::errors::UNKNOWN_CONNECTION).
    pub async fn identify(&self, connection: &ConnectionId) -> Result<UserId> {
        if let Some(user) = self.recall(connection) {
            return Ok(user);
        }
        let user = self.connections.user_of(connection).await?;
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(connection.clone(), (user, Instant::now()));
        Ok(user)
    }

    fn recall(&self, connection: &ConnectionId) -> Option<UserId> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (user, since) = remembered.get(connection)?;
        (since.elapsed() < LIFETIME).then_some(*user)
    }
}
