//! `$disconnect`: forgets a closed socket. API Gateway does not promise to tell, so records expire as well.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::config::ConfigError;
use shared::connections::{ConnectionId, Connections};
use shared::database;
use shared::socket;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve_disconnect(connections(), disconnect).await
}

async fn connections() -> Result<Connections, ConfigError> {
    Ok(Connections::new(&database::connect().await?))
}

async fn disconnect(connections: Arc<Connections>, id: ConnectionId) -> Result<()> {
    connections.forget(&id).await
}
