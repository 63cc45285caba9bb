//! `GET /api/refresh`: exchanges the refresh token for the next one and an access token.

use std::process::ExitCode;

use shared::accounts::cookies::SignInCookies;
use shared::accounts::sessions::{Rotation, Session, Sessions};
use shared::contract::credentials::REFRESH;
use shared::contract::errors::{REFRESH_KEY_REUSED, SESSION_OVER};
use shared::serving::http::{self, Reply, Request};
use shared::sockets::push::SessionConnections;
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(refresh).await
}

shared::parts! {
    struct App {
        sessions: Sessions,
        connections: SessionConnections,
        cookies: SignInCookies,
    }
}

async fn refresh(app: &'static App, request: Request) -> Result<Reply> {
    match rotate(app, &request).await {
        Ok(session) => Reply::message("Successfully updated tokens")?.with_cookies(app.cookies.signed_in(&session)?),
        Err(error @ Error::Unauthorized(_)) => Reply::from_error(&error).with_cookies(app.cookies.cleared()),
        Err(error) => Err(error),
    }
}

async fn rotate(app: &App, request: &Request) -> Result<Session> {
    let token = app.cookies.refresh_tokens().read(request.cookies(REFRESH))?;
    match app.sessions.rotate(&token).await? {
        Rotation::Current(session) => Ok(session),
        Rotation::Ended => Err(SESSION_OVER),
        Rotation::Stolen(session) => {
            app.connections.close(&session).await?;
            Err(REFRESH_KEY_REUSED)
        }
    }
}
