//! The library behind all functions of the chat backend.
//!
//! # Layout
//!
//! Each layer uses only the layers below it. `tests/architecture` derives the module graph from the
//! sources and fails on an upward import or a cycle.
//!
//! | layer | purpose | may use |
//! |---|---|---|
//! | [`serving`] | turns an invocation into a call of a handler, and its result into a response | all below |
//! | [`sockets`] | records of open connections, and pushing events to them | [`chats`] and below |
//! | [`chats`] | direct chats and their messages | [`accounts`] and below |
//! | [`accounts`] | users, photos, one-time codes, sessions, tokens, cookies, mail | [`contract`] and below |
//! | [`contract`] | everything that goes over the wire, and its description | [`values`] |
//! | [`values`] | types that are valid once they exist | [`error`] |
//!
//! [`error`] and [`config`] are at the bottom; every layer may use them. [`database`] is the
//! connection through which [`accounts`], [`chats`] and [`sockets`] store their data. [`indexes`]
//! is at the top and collects the indexes of all collections.
//!
//! A function lists its parts with [`parts!`]. Only these parts read their environment variables
//! and create their clients.

pub mod accounts;
pub mod chats;
pub mod config;
pub mod contract;
pub mod database;
pub mod error;
pub mod indexes;
pub mod serving;
pub mod sockets;
pub mod values;

pub use error::{Error, Result};
