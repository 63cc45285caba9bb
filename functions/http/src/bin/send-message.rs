//! `POST /api/sendMessage`: stores a message and announces it. A client that receives no response
//! repeats the request with the same `clientId`.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::sessions::Sessions;
use shared::accounts::tokens::{RefreshTokens, ShortLivedTokens};
use shared::chats::log::Log;
use shared::chats::send::Draft;
use shared::contract::credentials::REFRESH;
use shared::contract::endpoints::send_message::{SendMessageInput, SendMessageOutput};
use shared::contract::errors::NOT_THE_CALLER;
use shared::serving::http::{self, Reply, Request};
use shared::sockets::announce::Audience;
use shared::sockets::push::Push;
use shared::values::ids::UserId;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(send_message).await
}

shared::parts! {
    struct App {
        log: Log,
        push: Push,
        sessions: Sessions,
        tokens: ShortLivedTokens,
        refresh_tokens: RefreshTokens,
    }
}

async fn send_message(app: &'static App, request: Request) -> Result<Reply> {
    let sender = sender(app, &request).await?;
    let SendMessageInput { message, chat_id, user_id, client_id, reply_to } = request.json()?;
    if user_id != sender {
        return Err(NOT_THE_CALLER);
    }
    // The reference's frontend names no `clientId`, and itself shows the message with `chatsend`.
    let audience = if client_id.is_some() { Audience::Everyone } else { Audience::Native };
    let draft = Draft { text: message, client_id, reply_to };
    let appended = app.log.send(chat_id, sender, draft, request.deadline).await?;
    // The message is stored, even if it is not announced.
    if let Err(error) = app.push.announce(&appended, None, audience).await {
        error.log();
    }
    let data = appended.message()?;
    Reply::ok(SendMessageOutput { message: "Successfully send", data })
}

/// Returns the signed-in user. Existing frontends send messages after the access token has expired,
/// so the refresh token is accepted as well.
async fn sender(app: &App, request: &Request) -> Result<UserId> {
    match request.caller(&app.tokens) {
        Ok(caller) => Ok(caller.user),
        Err(_) => app.sessions.user_for(&app.refresh_tokens.read(request.cookies(REFRESH))?).await,
    }
}
