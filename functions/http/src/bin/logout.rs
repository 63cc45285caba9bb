//! `POST /api/logout`: ends this session, closes its sockets, and clears the cookies of the
//! browser.

use std::process::ExitCode;

use shared::accounts::cookies::CookieSettings;
use shared::accounts::sessions::Sessions;
use shared::accounts::tokens::RefreshTokens;
use shared::contract::credentials::REFRESH;
use shared::contract::errors::SESSION_OVER;
use shared::serving::http::{self, Reply, Request};
use shared::sockets::push::SessionConnections;
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(logout).await
}

shared::parts! {
    struct App {
        sessions: Sessions,
        connections: SessionConnections,
        tokens: RefreshTokens,
        cookies: CookieSettings,
    }
}

async fn logout(app: &'static App, request: Request) -> Result<Reply> {
    let reply = match end_sessions(app, &request).await {
        Ok(()) => Reply::message("Successfully deleted")?,
        Err(error @ Error::Unauthorized(_)) => Reply::from_error(&error),
        Err(error) => return Err(error),
    };
    reply.with_cookies(app.cookies.cleared())
}

/// Ends every session that the browser has a token of.
async fn end_sessions(app: &App, request: &Request) -> Result<()> {
    let mut has_ended = false;
    for token in app.tokens.read(request.cookies(REFRESH))? {
        has_ended |= app.sessions.end(token.session).await?;
        // Also for a session that has ended, because a request that ended it may have failed before
        // it closed the sockets.
        app.connections.close(token.session).await?;
    }
    if has_ended { Ok(()) } else { Err(SESSION_OVER) }
}
