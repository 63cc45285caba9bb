//! `GET /api/getChat`: a part of a chat, the newest messages unless another is asked for.

use std::process::ExitCode;
use std::sync::Arc;

use shared::api::{ChatMessages, GetChatInput, GetChatOutput};
use shared::config::ConfigError;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::messages::{Messages, Part};
use shared::tokens::AccessTokens;
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), get_chat).await
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

async fn get_chat(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let GetChatInput { chat_id, limit, before, after } = request.query()?;
    let part = match (before, after) {
        (None, None) => Part::Latest,
        (Some(seq), None) => Part::Before(seq.get()),
        (None, Some(seq)) => Part::After(seq.get()),
        (Some(_), Some(_)) => {
            return Err(Error::BadParameter("\"before\" and \"after\" exclude each other".to_owned()));
        }
    };
    let history = app.messages.history(chat_id, caller.user, part, limit.get()).await?;
    Reply::ok(GetChatOutput { data: ChatMessages { id: chat_id, chats: history.messages }, has_more: history.has_more })
}
