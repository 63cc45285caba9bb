//! What the functions of the chat backend are built from: one module for each concept.
//!
//! A function picks the parts that it uses, and only those read their environment variables
//! and start their clients.

pub mod api;
pub mod chats;
pub mod config;
pub mod connections;
pub mod cookies;
pub mod database;
pub mod email;
pub mod error;
pub mod http;
pub mod ids;
pub mod input;
pub mod invocation;
pub mod mail;
pub mod messages;
pub mod otps;
pub mod photos;
pub mod push;
pub mod sessions;
pub mod socket;
pub mod text;
pub mod timestamp;
pub mod tokens;
pub mod users;

pub use error::{Error, Result};
