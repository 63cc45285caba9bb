//! `POST /api/receipt`: tells what was delivered to a device, and what the user has read.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::serving::http::{self, Reply, Request};
use shared::sockets::marking::Marking;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(receipt).await
}

shared::parts! {
    struct App {
        marking: Marking,
        tokens: ShortLivedTokens,
    }
}

async fn receipt(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    app.marking.receipt(caller.user, None, request.json()?).await?;
    Reply::message("Receipt stored")
}
