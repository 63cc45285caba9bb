//! `POST /api/sendMessage`: stores a message. A client that does not hear the answer sends it again under the same `clientId`.

use std::process::ExitCode;
use std::sync::Arc;

use shared::api::{SendMessageInput, SendMessageOutput};
use shared::chats::Chats;
use shared::config::ConfigError;
use shared::cookies::REFRESH;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::ids::UserId;
use shared::messages::Messages;
use shared::sessions::Sessions;
use shared::tokens::{AccessTokens, RefreshTokens};
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), send_message).await
}

struct App {
    chats: Chats,
    messages: Messages,
    sessions: Sessions,
    access: AccessTokens,
    refresh: RefreshTokens,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        let database = database::connect().await?;
        Ok(Self {
            chats: Chats::new(&database),
            messages: Messages::new(&database),
            sessions: Sessions::new(&database),
            access: AccessTokens::from_env()?,
            refresh: RefreshTokens::from_env()?,
        })
    }
}

async fn send_message(app: Arc<App>, request: Request) -> Result<Reply> {
    let sender = sender(&app, &request).await?;
    let SendMessageInput { message, chat_id, user_id, client_id } = request.json()?;
    if user_id != sender {
        return Err(Error::Forbidden("\"userId\" is not the signed-in user"));
    }
    app.chats.require_member(chat_id, sender).await?;
    let data = app.messages.send(chat_id, sender, message, client_id).await?;
    Reply::ok(SendMessageOutput { message: "Successfully send", data })
}

/// The signed-in user. Existing frontends send messages after the access token ran out, so the refresh token will do.
async fn sender(app: &App, request: &Request) -> Result<UserId> {
    match request.caller(&app.access) {
        Ok(caller) => Ok(caller.user),
        Err(_) => app.sessions.user_of(&app.refresh.read(request.cookies(REFRESH))?).await,
    }
}
