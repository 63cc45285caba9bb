//! `GET /api/refresh`: exchanges the refresh token for the newest one and an access token.

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
    let tokens = app.cookies.refresh_tokens().read(request.cookies(REFRESH))?;
    let refusal = match app.sessions.rotate(&tokens).await? {
        Rotation::Current(session) => return Ok(session),
        Rotation::Ended => SESSION_OVER,
        Rotation::Stolen => REFRESH_KEY_REUSED,
    };
    // Also for sessions that have ended, because a request that ended one may have failed before it
    // closed the sockets.
    for token in &tokens {
        app.sessions.end(token.session).await?;
        app.connections.close(token.session).await?;
    }
    Err(refusal)
}
