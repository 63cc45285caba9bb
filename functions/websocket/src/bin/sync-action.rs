//! `sync`: answers with everything that the client has missed.

use std::process::ExitCode;

use shared::Result;
use shared::chats::log::Log;
use shared::contract::limits::MAX_SOCKET_SYNC_BYTES;
use shared::contract::synced::{SyncInput, SyncOutput};
use shared::serving::socket::{self, Frame};
use shared::sockets::callers::Callers;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(sync).await
}

shared::parts! {
    struct App {
        callers: Callers,
        log: Log,
    }
}

async fn sync(app: &'static App, frame: Frame) -> Result<SyncOutput> {
    frame.require_ack_id()?;
    let input: SyncInput = frame.read()?;
    let caller = app.callers.identify(&frame.sender).await?;
    app.log.sync(caller, &input, MAX_SOCKET_SYNC_BYTES).await
}
