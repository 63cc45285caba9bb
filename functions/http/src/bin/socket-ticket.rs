//! `POST /api/socketTicket`: what a browser opens a socket with when its cookies do not reach the WebSocket API.

use std::process::ExitCode;
use std::sync::Arc;

use shared::Result;
use shared::api::SocketTicketOutput;
use shared::config::{self, ConfigError};
use shared::http::{self, Reply, Request};
use shared::tokens::{AccessTokens, Ticket};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(App::from_env(), socket_ticket).await
}

struct App {
    tokens: AccessTokens,
    websocket_url: String,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        Ok(Self { tokens: AccessTokens::from_env()?, websocket_url: config::required("WEBSOCKET_URL")? })
    }
}

async fn socket_ticket(app: Arc<App>, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let ticket = app.tokens.issue_ticket(&caller)?;
    Reply::ok(SocketTicketOutput { ticket, url: app.websocket_url.clone(), expires_in: Ticket::LIFETIME.as_secs() })
}
