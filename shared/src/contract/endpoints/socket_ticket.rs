//! `POST /api/socketTicket`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::NO_ACCESS_KEY;

/// The output of `POST /api/socketTicket`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SocketTicketOutput {
    /// The ticket, for the query of the handshake. It can be used once.
    pub ticket: String,
    /// The address of the WebSocket API.
    #[schemars(url)]
    pub url: String,
    /// The seconds until the ticket expires.
    pub expires_in: u64,
}

pub(super) fn endpoint() -> Endpoint {
    let summary = "Returns a ticket for one socket, for browsers whose cookies do not reach the WebSocket API";
    Endpoint::new("POST", "/api/socketTicket", Tag::Sockets, summary)
        .callers("`access-key`", [Some(ACCESS)])
        .effect("`ticket`, `url`, `expiresIn`. The ticket opens one socket within 30 seconds")
        .returns(SocketTicketOutput {
            ticket: "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJ0aWNrZXQifQ.c2lnbmF0dXJl".to_owned(),
            url: "ws://localhost:3001/api".to_owned(),
            expires_in: 30,
        })
        .fails([NO_ACCESS_KEY])
}
