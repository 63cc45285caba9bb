//! `$disconnect`: removes the record of a closed connection, and notifies those who watch its user.
//! API Gateway does not guarantee this event, so records expire as well.

use std::process::ExitCode;

use shared::Result;
use shared::serving::socket;
use shared::sockets::connections::{ConnectionId, Connections};
use shared::sockets::push::Push;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve_disconnect(disconnect).await
}

shared::parts! {
    struct App {
        connections: Connections,
        push: Push,
    }
}

async fn disconnect(app: &'static App, id: ConnectionId) -> Result<()> {
    if let Some(user) = app.connections.end(&id).await? {
        app.push.departed(user).await?;
        app.connections.forget(&id).await?;
    }
    Ok(())
}
