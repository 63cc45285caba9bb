//! `PUT /api/presence`: sets whether others see when the signed-in user is online, and was last
//! seen.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::contract::endpoints::presence::PresenceInput;
use shared::serving::http::{self, Reply, Request};
use shared::sockets::push::Push;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(presence).await
}

shared::parts! {
    struct App {
        push: Push,
        tokens: ShortLivedTokens,
    }
}

async fn presence(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let PresenceInput { visible } = request.json()?;
    app.push.show_presence(caller.user, visible).await?;
    Reply::message("Presence updated")
}
