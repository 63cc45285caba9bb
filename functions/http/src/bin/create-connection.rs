//! `POST /api/createConnection`: starts a direct chat of the signed-in user with another user.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::accounts::users::Users;
use shared::chats::direct::Pair;
use shared::chats::log::Log;
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
        log: Log,
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
    let chat_id = app.log.create_direct(pair).await?;
    Reply::ok(CreateConnectionOutput { message: "Person added successfully", chat_id })
}
