//! `GET /api/refresh`: exchanges the refresh token for the next one and an access token.

use std::process::ExitCode;
use std::sync::Arc;

use shared::config::ConfigError;
use shared::cookies::{REFRESH, SignInCookies};
use shared::database;
use shared::http::{self, Reply, Request};
use shared::push::{ConnectionsApi, Push};
use shared::sessions::{Rotation, Session, Sessions};
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), refresh).await
}

struct App {
    sessions: Sessions,
    push: Push,
    cookies: SignInCookies,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        let database = database::connect().await?;
        Ok(Self {
            sessions: Sessions::new(&database),
            push: Push::new(ConnectionsApi::from_env()?, &database),
            cookies: SignInCookies::from_env()?,
        })
    }
}

async fn refresh(app: Arc<App>, request: Request) -> Result<Reply> {
    match rotate(&app, &request).await {
        Ok(session) => Reply::message("Successfully updated tokens")?.with_cookies(app.cookies.signed_in(&session)?),
        Err(error @ Error::Unauthorized(_)) => Reply::from_error(&error).with_cookies(app.cookies.cleared()),
        Err(error) => Err(error),
    }
}

async fn rotate(app: &App, request: &Request) -> Result<Session> {
    let token = app.cookies.refresh_tokens().read(request.cookies(REFRESH))?;
    match app.sessions.rotate(&token).await? {
        Rotation::Current(session) => Ok(session),
        Rotation::Ended => Err(Error::Unauthorized("the session is over: sign in again")),
        Rotation::Stolen(session) => {
            app.push.close_session(&session).await?;
            Err(Error::Unauthorized("this refresh-key was used before: the session is over, sign in again"))
        }
    }
}
