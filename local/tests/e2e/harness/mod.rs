//! What the tests are written with: the stack under test, browsers, people, sockets, and servers that fail on demand.

pub(crate) mod activity;
mod browser;
mod chat;
mod described;
mod everything;
mod output;
mod people;
mod processes;
mod program;
mod proxy;
mod socket;
mod stack;
mod wait;

pub(crate) use browser::{Browser, Reply};
pub(crate) use chat::Chat;
pub(crate) use everything::use_everything;
pub(crate) use people::{User, new_email, prove_address, send_code, unique};
pub(crate) use processes::{Process, processes_of, processes_that_know};
pub(crate) use program::temporary_folder;
pub(crate) use proxy::Proxy;
pub(crate) use socket::{Handshake, Socket};
pub(crate) use stack::{ALLOWED_ORIGIN, Setup, Stack, left_out, new_database_at, shared};
pub(crate) use wait::eventually;

use mongodb::bson::oid::ObjectId;

/// The id as the database holds it.
pub(crate) fn object_id(id: &str) -> ObjectId {
    ObjectId::parse_str(id).unwrap()
}

/// An id that belongs to nothing.
pub(crate) fn unknown_id() -> String {
    ObjectId::new().to_string()
}

/// What a signed token says.
pub(crate) fn claims(token: &str) -> serde_json::Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
