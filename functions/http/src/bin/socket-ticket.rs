//! `POST /api/socketTicket`: returns a ticket for one socket, for browsers whose cookies do not
//! reach the WebSocket API.

use std::process::ExitCode;

use shared::Result;
use shared::accounts::tokens::{ShortLivedTokens, Ticket};
use shared::contract::endpoints::socket_ticket::SocketTicketOutput;
use shared::serving::http::{self, Reply, Request};
use shared::sockets::settings::WebSocketUrl;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    http::serve(socket_ticket).await
}

shared::parts! {
    struct App {
        tokens: ShortLivedTokens,
        websocket_url: WebSocketUrl,
    }
}

async fn socket_ticket(app: &'static App, request: Request) -> Result<Reply> {
    let caller = request.caller(&app.tokens)?;
    let ticket = app.tokens.sign_ticket(&caller)?;
    Reply::ok(SocketTicketOutput { ticket, url: app.websocket_url.0.clone(), expires_in: Ticket::LIFETIME.as_secs() })
}
