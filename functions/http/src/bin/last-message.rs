//! `GET /api/lastMessage`: the last message of a chat.

use std::process::ExitCode;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use shared::Result;
use shared::config::ConfigError;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::ids::ChatId;
use shared::messages::{Message, Messages};
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    chat_id: ChatId,
}

#[derive(Serialize)]
struct Output {
    data: Chat,
}

#[derive(Serialize)]
struct Chat {
    #[serde(rename = "_id")]
    id: ChatId,
    /// The last message, or nothing.
    chats: Vec<Message>,
}

async fn last_message(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let Input { chat_id } = request.query()?;
    let chats = app.messages.last(chat_id, caller.user).await?.into_iter().collect();
    Reply::ok(Output { data: Chat { id: chat_id, chats } })
}
