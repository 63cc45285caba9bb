//! `GET /api/userDetails`: the profile of the signed-in user.

use std::process::ExitCode;
use std::sync::Arc;

use shared::api::{UserData, UserDetailsOutput};
use shared::config::ConfigError;
use shared::database;
use shared::http::{self, Reply, Request};
use shared::tokens::AccessTokens;
use shared::users::Users;
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), user_details).await
}

struct App {
    users: Users,
    tokens: AccessTokens,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        Ok(Self { users: Users::new(&database::connect().await?), tokens: AccessTokens::from_env()? })
    }
}

async fn user_details(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let user = app.users.find(caller.user).await?.ok_or(Error::Unauthorized("this user does not exist any more"))?;
    let userdata = UserData {
        id: user.id,
        email: user.email,
        full_name: user.full_name,
        photo_url: user.photo.map(|photo| request.photo_base().url(&photo)),
        is_profile_complete: user.is_profile_complete,
    };
    Reply::ok(UserDetailsOutput { userdata })
}
