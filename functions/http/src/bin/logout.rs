//! `POST /api/logout`: ends this session, closes its sockets, and makes the browser forget its tokens.

use std::process::ExitCode;
use std::sync::Arc;

use shared::config::ConfigError;
use shared::cookies::{CookieSettings, REFRESH};
use shared::database;
use shared::http::{self, Reply, Request};
use shared::push::{ConnectionsApi, Push};
use shared::sessions::Sessions;
use shared::tokens::RefreshTokens;
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), logout).await
}

struct App {
    sessions: Sessions,
    push: Push,
    tokens: RefreshTokens,
    cookies: CookieSettings,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        let database = database::connect().await?;
        Ok(Self {
            sessions: Sessions::new(&database),
            push: Push::new(ConnectionsApi::from_env()?, &database),
            tokens: RefreshTokens::from_env()?,
            cookies: CookieSettings::from_env()?,
        })
    }
}

async fn logout(app: Arc<App>, request: Request) -> Result<Reply> {
    let reply = match end_session(&app, &request).await {
        Ok(()) => Reply::message("Successfully deleted")?,
        Err(error @ Error::Unauthorized(_)) => Reply::from_error(&error),
        Err(error) => return Err(error),
    };
    reply.with_cookies(app.cookies.cleared())
}

async fn end_session(app: &App, request: &Request) -> Result<()> {
    let token = app.tokens.read(request.cookies(REFRESH))?;
    let session = app.sessions.end(token.session).await?.ok_or(Error::Unauthorized("the session is over already"))?;
    app.push.close_session(&session).await
}
