//! `GET /api/lastMessage`: the last message of a chat.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::{ChatMessages, LastMessageInput, LastMessageOutput};
use shared::config::ConfigError;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::messages::Messages;
use shared::tokens::AccessTokens;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), last_message).await
}

struct App {
    messages: Messages,
    tokens: AccessTokens,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        Ok(Self { messages: Messages::new(&database::connect().await?), tokens: AccessTokens::from_env()? })
    }
}

async fn last_message(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let LastMessageInput { chat_id } = request.query()?;
    let chats = app.messages.last(chat_id, caller.user).await?.into_iter().collect();
    Reply::ok(LastMessageOutput { data: ChatMessages { id: chat_id, chats } })
}
