//! Settings of the WebSocket API.

use crate::config::{ConfigError, Environment, FromEnv, List};

/// The origins of the pages that may open sockets.
pub struct AllowedOrigins(List);

impl FromEnv for AllowedOrigins {
    /// Reads `ALLOWED_ORIGINS`.
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        environment.required("ALLOWED_ORIGINS").map(Self)
    }
}

impl AllowedOrigins {
    /// Returns whether pages of this origin may open sockets.
    pub fn contains(&self, origin: &str) -> bool {
        self.0.contains(origin)
    }
}

/// The address at which clients reach the WebSocket API.
pub struct WebSocketUrl(pub String);

impl FromEnv for WebSocketUrl {
    /// Reads `WEBSOCKET_URL`.
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        environment.required("WEBSOCKET_URL").map(Self)
    }
}
