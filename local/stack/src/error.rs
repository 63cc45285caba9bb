//! The errors that stop the stack.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::mongod::MongodError;
use crate::settings::SettingsError;

/// The reason why the stack cannot start or continue.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Mongod(#[from] MongodError),
    #[error(
        "port {0} is already in use: choose another one with APP_PORT=4000 cargo run \
         (the WebSocket API uses the next port)"
    )]
    PortInUse(u16),
    #[error("APP_PORT must be lower than {0}: the WebSocket API uses the next port")]
    NoPortAbove(u16),
    #[error(transparent)]
    Gateway(gateway::Error),
    #[error("the mail catcher cannot listen at {address}: {source}")]
    Smtp { address: SocketAddr, source: io::Error },
    #[error("cannot write {}: {source}", file.display())]
    Environment { file: PathBuf, source: io::Error },
    #[error("cannot store {name} in {}: {source}", folder.display())]
    Secret { name: &'static str, folder: PathBuf, source: io::Error },
    #[error("mongod exited unexpectedly: see mongod.log in the data folder")]
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
