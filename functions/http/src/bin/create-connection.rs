//! `POST /api/createConnection`: starts a direct chat of the signed-in user with another user.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::accounts::users::Users;
use shared::chats::chat::{Chats, Pair};
use shared::contract::endpoints::create_connection::{CreateConnectionInput, CreateConnectionOutput};
use shared::contract::errors::NO_SUCH_USER;
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(create_connection).await
}

shared::parts! {
    struct App {
        users: Users,
        chats: Chats,
        tokens: ShortLivedTokens,
    }
}

async fn create_connection(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let CreateConnectionInput { person_id } = request.json()?;
    let pair = Pair::new(caller.user, person_id)?;
    if !app.users.is_listed(person_id).await? {
        return Err(NO_SUCH_USER);
    }
    let chat = app.chats.create(pair).await?;
    Reply::ok(CreateConnectionOutput { message: "Person added successfully", chat_id: chat.id })
}
