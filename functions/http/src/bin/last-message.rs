//! `GET /api/lastMessage`: returns the last message of a chat.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::chats::log::Log;
use shared::contract::endpoints::last_message::{LastMessageInput, LastMessageOutput};
use shared::contract::message::ChatMessages;
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(last_message).await
}

shared::parts! {
    struct App {
        log: Log,
        tokens: ShortLivedTokens,
    }
}

async fn last_message(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let LastMessageInput { chat_id } = request.query()?;
    let chats = app.log.last(chat_id, caller.user).await?.into_iter().collect();
    Reply::ok(LastMessageOutput { data: ChatMessages { id: chat_id, chats } })
}
