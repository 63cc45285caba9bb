//! The whole backend, spoken to from outside: every test starts from the contract and sees only what a client sees,
//! except where it has to make time pass or a connection die, which it does in the database.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper is the failure of the test that called it")]

mod harness;

mod acknowledgements;
mod bad_input;
mod chats;
mod codes;
mod cookies;
mod costs;
mod directory;
mod events;
mod gateway;
mod history;
mod lifecycle;
mod main_job;
mod messages;
mod opening;
mod outages;
mod page;
mod photos;
mod profile;
mod sessions;
mod settings;
