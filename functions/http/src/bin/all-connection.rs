//! `GET /api/allConnection`: the chats of the signed-in user, each with the friend and the last message.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::{AllConnectionOutput, LastMessage, ListedChat};
use shared::chats::Chats;
use shared::config::ConfigError;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::tokens::AccessTokens;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), all_connection).await
}

struct App {
    chats: Chats,
    tokens: AccessTokens,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        Ok(Self { chats: Chats::new(&database::connect().await?), tokens: AccessTokens::from_env()? })
    }
}

async fn all_connection(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let chats = app.chats.list(caller.user).await?;
    if chats.is_empty() {
        return Ok(Reply::no_content());
    }
    let photos = request.photo_base();
    let data = chats.into_iter().map(|chat| {
        let id = chat.id;
        let (friend, last) = chat.into_parts();
        ListedChat {
            id,
            friend: friend.into_person(&photos),
            chats: last.map_or(LastMessage::None([]), LastMessage::Some),
        }
    });
    Reply::ok(AllConnectionOutput { data: data.collect() })
}
