//! `GET /api/users`: the directory of everybody with a complete profile.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::{UsersInput, UsersOutput};
use shared::config::{self, ConfigError, Flag};
use shared::database;
use shared::http::{self, Reply, Request};
use shared::tokens::AccessTokens;
use shared::users::Users;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), users).await
}

struct App {
    users: Users,
    tokens: AccessTokens,
    is_public: bool,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            users: Users::new(&database::connect().await?),
            tokens: AccessTokens::from_env()?,
            is_public: config::optional::<Flag>("PUBLIC_DIRECTORY")?.is_none_or(|flag| flag.0),
        })
    }
}

async fn users(app: Arc<App>, request: Request) -> Result<Reply> {
    if !app.is_public {
        request.caller(&app.tokens)?;
    }
    let UsersInput { search, limit, after } = request.query()?;
    let limit = limit.get();
    // One more than is shown tells whether there is a next part.
    let mut found = app.users.directory(search.as_ref(), after, limit + 1).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let photos = request.photo_base();
    let data: Vec<_> = found.into_iter().map(|profile| profile.into_person(&photos)).collect();
    let next = data.last().filter(|_| has_more).map(|person| person.id);
    Reply::ok(UsersOutput { data, next })
}
