//! The WebSocket API of API Gateway.

mod api;
mod connections;
mod connections_api;
mod context;
mod event;
mod handshake;
mod routes;
mod socket;

pub(crate) use api::{Surroundings, WebSocketApi};
