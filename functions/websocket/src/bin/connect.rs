//! `$connect`: lets a signed-in user open a connection, records it, and notifies those who watch the
//! user.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::sessions::Sessions;
use shared::accounts::tokens::{AccessToken, ShortLivedTokens, Ticket};
use shared::contract::actions::connect::ConnectInput;
use shared::contract::credentials::ACCESS;
use shared::contract::errors::{INVALID_TICKET, NOT_THE_CALLER, ORIGIN_NOT_ALLOWED, SESSION_OVER};
use shared::serving::socket::{self, Handshake};
use shared::sockets::connections::{Connection, Connections};
use shared::sockets::push::Push;
use shared::sockets::settings::AllowedOrigins;
use shared::values::ids::{SessionId, UserId};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve_connect(connect).await
}

shared::parts! {
    struct App {
        connections: Connections,
        push: Push,
        sessions: Sessions,
        tokens: ShortLivedTokens,
        allowed_origins: AllowedOrigins,
    }
}

async fn connect(app: &'static App, handshake: Handshake) -> Result<()> {
    // Browsers let any page open a socket to any host, with cookies, but they send the origin.
    // Other clients send no origin.
    if handshake.header("origin").is_some_and(|origin| !app.allowed_origins.contains(origin)) {
        return Err(ORIGIN_NOT_ALLOWED);
    }
    let ConnectInput { user_id, name, ticket, v } = handshake.query()?;
    let proof = match ticket {
        Some(ticket) => Proof::Ticket(app.tokens.read_ticket(&ticket)?),
        None => Proof::Cookie(access_token(app, &handshake, user_id).await?),
    };
    if proof.user() != user_id {
        return Err(NOT_THE_CALLER);
    }
    // Store the record first, so that a concurrent logout either finds it or has already ended the
    // session, which is checked next.
    let dialect = v.unwrap_or_default();
    let connection = Connection::new(handshake.connection.clone(), user_id, proof.session(), &name, dialect);
    app.connections.record(&connection).await?;
    if let Err(error) = proof.redeem(&app.sessions).await {
        app.connections.forget(&handshake.connection).await?;
        return Err(error);
    }
    // The connection is open, even if others are not notified.
    if let Err(error) = app.push.arrived(user_id, &handshake.connection).await {
        error.log();
    }
    Ok(())
}

/// Returns the access token of this user. Of several, one whose session has not ended counts.
async fn access_token(app: &App, handshake: &Handshake, user: UserId) -> Result<AccessToken> {
    let mut tokens = app.tokens.read_every_access(handshake.cookies(ACCESS))?;
    tokens.retain(|token| token.user == user);
    app.sessions.first_living(tokens).await?.ok_or(NOT_THE_CALLER)
}

/// The proof of identity that a client presents.
enum Proof {
    Ticket(Ticket),
    Cookie(AccessToken),
}

impl Proof {
    fn user(&self) -> UserId {
        match self {
            Self::Ticket(ticket) => ticket.user,
            Self::Cookie(token) => token.user,
        }
    }

    fn session(&self) -> SessionId {
        match self {
            Self::Ticket(ticket) => ticket.session,
            Self::Cookie(token) => token.session,
        }
    }

    /// Checks that the session has not ended, and consumes a ticket.
    async fn redeem(&self, sessions: &Sessions) -> Result<()> {
        match self {
            Self::Ticket(ticket) if sessions.redeem(ticket).await? => Ok(()),
            Self::Ticket(_) => Err(INVALID_TICKET),
            Self::Cookie(token) if sessions.find(token.session).await?.is_some() => Ok(()),
            Self::Cookie(_) => Err(SESSION_OVER),
        }
    }
}
