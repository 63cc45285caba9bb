//! The whole backend from outside. Every test starts from the contract and sees only what a client
//! sees, except where it makes time pass or a connection die, which it does in the database.

#![expect(clippy::unwrap_used, reason = "a failure in a helper is the failure of the test that called it")]

mod acknowledgements;
mod bad_input;
mod billing;
mod chats;
mod codes;
mod convert;
mod cookies;
mod costs;
mod directory;
mod events;
mod gateway;
mod handshakes;
mod happy_path;
mod history;
mod lifecycle;
mod log;
mod messages;
mod outages;
mod page;
mod photos;
mod profile;
mod sessions;
mod settings;
