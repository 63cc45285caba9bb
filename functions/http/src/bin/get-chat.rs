//! `GET /api/getChat`: returns messages of a chat, by default the newest.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::chats::history::Window;
use shared::chats::log::Log;
use shared::contract::endpoints::get_chat::{GetChatInput, GetChatOutput};
use shared::contract::errors::BEFORE_AND_AFTER;
use shared::contract::message::ChatMessages;
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(get_chat).await
}

shared::parts! {
    struct App {
        log: Log,
        tokens: ShortLivedTokens,
    }
}

async fn get_chat(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let GetChatInput { chat_id, limit, before, after } = request.query()?;
    let window = match (before, after) {
        (None, None) => Window::Latest,
        (Some(seq), None) => Window::Before(seq.get()),
        (None, Some(seq)) => Window::After(seq.get()),
        (Some(_), Some(_)) => return Err(BEFORE_AND_AFTER),
    };
    let history = app.log.history(chat_id, caller.user, window, limit.get()).await?;
    Reply::ok(GetChatOutput { data: ChatMessages { id: chat_id, chats: history.messages }, has_more: history.has_more })
}
