//! The whole backend from outside. Tests are based on the contract and see only what a client sees.
//! The exceptions are tests that let time pass or a connection die: they change the database.

#![expect(clippy::unwrap_used, reason = "a failure in a helper is the failure of the test that called it")]

mod acknowledgements;
mod actions;
mod bad_input;
mod billing;
mod changes;
mod chats;
mod codes;
mod connections;
mod convert;
mod cookies;
mod costs;
mod directory;
mod entries;
mod events;
mod gateway;
mod groups;
mod handshakes;
mod happy_path;
mod histories;
mod history;
mod lifecycle;
mod log;
mod marks;
mod messages;
mod outages;
mod page;
mod photos;
mod presence;
mod profile;
mod raw_events;
mod sessions;
mod settings;
mod sharding;
mod sync;
mod unread;
