//! `GET /api/allConnection`: the chats of the signed-in user, each with the friend and the last message.

use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;
use shared::Result;
use shared::chats::Chats;
use shared::config::ConfigError;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::ids::ChatId;
use shared::messages::Message;
use shared::tokens::AccessTokens;
use shared::users::Person;

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

#[derive(Serialize)]
struct Output {
    data: Vec<Connection>,
}

#[derive(Serialize)]
struct Connection {
    #[serde(rename = "_id")]
    chat_id: ChatId,
    friend: Person,
    chats: LastMessage,
}

/// A message, or `[]` where there is none yet: that is what existing frontends look for.
#[derive(Serialize)]
#[serde(untagged)]
enum LastMessage {
    Some(Message),
    None([(); 0]),
}

async fn all_connection(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let chats = app.chats.list(caller.user).await?;
    if chats.is_empty() {
        return Ok(Reply::no_content());
    }
    let photos = request.photo_base();
    let data = chats.into_iter().map(|chat| {
        let chat_id = chat.id;
        let (friend, last) = chat.into_parts();
        Connection {
            chat_id,
            friend: friend.into_person(&photos),
            chats: last.map_or(LastMessage::None([]), LastMessage::Some),
        }
    });
    Reply::ok(Output { data: data.collect() })
}
