//! `POST /api/createConnection`: starts a direct chat of the signed-in user with another user, and
//! announces it to both.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::accounts::users::{PublicProfile, Users};
use shared::chats::direct::{DirectChat, Pair};
use shared::chats::log::Log;
use shared::contract::endpoints::create_connection::{CreateConnectionInput, CreateConnectionOutput};
use shared::contract::errors::{ALREADY_CONNECTED, NO_SUCH_USER};
use shared::serving::http::{self, Reply, Request};
use shared::sockets::new_chats::NewChats;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(create_connection).await
}

shared::parts! {
    struct App {
        users: Users,
        log: Log,
        new_chats: NewChats,
        tokens: ShortLivedTokens,
    }
}

async fn create_connection(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?.user;
    let CreateConnectionInput { person_id } = request.json()?;
    let pair = Pair::new(caller, person_id)?;
    let mut profiles = app.users.listed([caller, person_id]).await?;
    let person = profiles.remove(&person_id).ok_or(NO_SUCH_USER)?;
    let own = profiles.remove(&caller).unwrap_or_else(|| PublicProfile::unknown(caller));
    let DirectChat { id: chat_id, is_new } = app.log.find_or_create_direct(pair).await?;
    // A repeat announces the chat again, because the first announcement may have been lost.
    app.new_chats.announce(chat_id, [own, person]).await?;
    if !is_new {
        return Err(ALREADY_CONNECTED.about_chat(chat_id));
    }
    Reply::ok(CreateConnectionOutput { message: "Person added successfully", chat_id })
}
