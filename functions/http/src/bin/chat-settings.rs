//! `PUT /api/chatSettings`: changes the signed-in user's settings of a chat, on all of their
//! devices.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::contract::endpoints::chat_settings::ChatSettingsOutput;
use shared::serving::http::{self, Reply, Request};
use shared::sockets::marking::Marking;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(chat_settings).await
}

shared::parts! {
    struct App {
        marking: Marking,
        tokens: ShortLivedTokens,
    }
}

async fn chat_settings(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let data = app.marking.change_settings(caller.user, &request.json()?).await?;
    Reply::ok(ChatSettingsOutput { data })
}
