//! The errors that end the stack.

use std::io;
use std::path::PathBuf;

use crate::mongod::MongodError;
use crate::settings::SettingsError;

/// The reason why the stack cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Mongod(#[from] MongodError),
    #[error(
        "port {0} is already in use: choose another one with APP_PORT=4000 cargo run \
         (the WebSocket API gets the port after it)"
    )]
    PortInUse(u16),
    #[error("APP_PORT must be lower than {0}: the WebSocket API gets the port after it")]
    NoPortAbove(u16),
    #[error(transparent)]
    Gateway(gateway::Error),
    #[error("the mail catcher has no port: {0}")]
    Smtp(#[source] io::Error),
    #[error("{name} cannot be kept in {}: {source}", folder.display())]
    Secret { name: &'static str, folder: PathBuf, source: io::Error },
    #[error("mongod ended by itself: see mongod.log in the data folder")]
    MongodEnded,
}

impl From<gateway::Error> for Error {
    fn from(error: gateway::Error) -> Self {
        match error {
            gateway::Error::PortInUse(port) => Self::PortInUse(port),
            gateway::Error::NoPortAbove(port) => Self::NoPortAbove(port),
            other => Self::Gateway(other),
        }
    }
}
