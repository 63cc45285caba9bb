//! `$disconnect`: removes the record of a closed connection. API Gateway does not guarantee this
//! event, so records expire as well.

use std::process::ExitCode;

use shared::Result;
use shared::serving::socket;
use shared::sockets::connections::{ConnectionId, Connections};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve_disconnect(disconnect).await
}

shared::parts! {
    struct App {
        connections: Connections,
    }
}

async fn disconnect(app: &'static App, id: ConnectionId) -> Result<()> {
    app.connections.forget(&id).await
}
