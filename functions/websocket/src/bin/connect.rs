//! `$connect`: lets a signed-in user open a socket, and records it.

use std::process::ExitCode;
use std::sync::Arc;

use shared::api::ConnectInput;
use shared::config::{self, ConfigError, List};
use shared::connections::{Connection, Connections};
use shared::cookies::ACCESS;
use shared::database;
use shared::ids::{SessionId, UserId};
use shared::sessions::Sessions;
use shared::socket::{self, Opening};
use shared::tokens::{AccessToken, AccessTokens, Ticket};
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve_connect(App::from_env(), connect).await
}

struct App {
    connections: Connections,
    sessions: Sessions,
    tokens: AccessTokens,
    allowed_origins: List,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        let database = database::connect().await?;
        Ok(Self {
            connections: Connections::new(&database),
            sessions: Sessions::new(&database),
            tokens: AccessTokens::from_env()?,
            allowed_origins: config::required("ALLOWED_ORIGINS")?,
        })
    }
}

async fn connect(app: Arc<App>, opening: Opening) -> Result<()> {
    // Browsers send an origin and let any page open a socket anywhere, cookies included; other clients send none.
    if opening.header("origin").is_some_and(|origin| !app.allowed_origins.contains(origin)) {
        return Err(Error::Forbidden("this origin is not allowed"));
    }
    let ConnectInput { user_id, name, ticket } = opening.query()?;
    let proof = match ticket {
        Some(ticket) => Proof::Ticket(app.tokens.read_ticket(&ticket)?),
        None => Proof::Cookie(app.tokens.read(opening.cookies(ACCESS))?),
    };
    if proof.user() != user_id {
        return Err(Error::Forbidden("\"userId\" is not the signed-in user"));
    }
    // The record comes first: a sign-out at the same moment either finds it, or has ended the session that is asked for next.
    app.connections.record(&Connection::new(opening.connection.clone(), user_id, proof.session(), &name)).await?;
    if !proof.holds(&app.sessions).await? {
        app.connections.forget(&opening.connection).await?;
        return Err(Error::Unauthorized("the session is over, or the ticket was used"));
    }
    Ok(())
}

/// What a client proves its identity with.
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

    /// Whether the session still lives; a ticket is used up by asking.
    async fn holds(&self, sessions: &Sessions) -> Result<bool> {
        match self {
            Self::Ticket(ticket) => sessions.redeem(ticket).await,
            Self::Cookie(token) => Ok(sessions.find(token.session).await?.is_some()),
        }
    }
}
