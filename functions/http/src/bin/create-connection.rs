//! `POST /api/createConnection`: starts the chat of the signed-in user and somebody else.

use std::process::ExitCode;
use std::sync::Arc;

use shared::api::{CreateConnectionInput, CreateConnectionOutput};
use shared::chats::{Chats, Pair};
use shared::config::ConfigError;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::tokens::AccessTokens;
use shared::users::Users;
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), create_connection).await
}

struct App {
    users: Users,
    chats: Chats,
    tokens: AccessTokens,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        let database = database::connect().await?;
        Ok(Self { users: Users::new(&database), chats: Chats::new(&database), tokens: AccessTokens::from_env()? })
    }
}

async fn create_connection(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let CreateConnectionInput { person_id } = request.json()?;
    let pair = Pair::new(caller.user, person_id)?;
    if !app.users.is_listed(person_id).await? {
        return Err(Error::NotFound("there is no such user".into()));
    }
    let chat = app.chats.create(pair).await?;
    Reply::ok(CreateConnectionOutput { message: "Person added successfully", chat_id: chat.id })
}
