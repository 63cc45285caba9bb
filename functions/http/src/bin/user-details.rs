//! `GET /api/userDetails`: returns the signed-in user.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::ShortLivedTokens;
use shared::accounts::users::Users;
use shared::contract::endpoints::user_details::{UserData, UserDetailsOutput};
use shared::contract::errors::NO_SUCH_CALLER;
use shared::serving::http::{self, Reply, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(user_details).await
}

shared::parts! {
    struct App {
        users: Users,
        tokens: ShortLivedTokens,
    }
}

async fn user_details(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let user = app.users.find(caller.user).await?.ok_or(NO_SUCH_CALLER)?;
    let userdata = UserData {
        id: user.id,
        email: user.email.into(),
        full_name: user.full_name,
        photo_url: user.photo.map(|photo| request.photo_base().url(&photo)),
        is_profile_complete: user.is_profile_complete,
    };
    Reply::ok(UserDetailsOutput { userdata })
}
