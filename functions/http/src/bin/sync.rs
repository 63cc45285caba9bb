//! `POST /api/sync`: returns everything that a client has missed.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::chats::log::Log;
use shared::contract::limits::MAX_SYNC_BYTES;
use shared::contract::synced::SyncInput;
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(sync).await
}

shared::parts! {
    struct App {
        log: Log,
        tokens: ShortLivedTokens,
    }
}

async fn sync(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let input: SyncInput = request.json()?;
    Reply::ok(app.log.sync(caller.user, &input, MAX_SYNC_BYTES).await?)
}
