//! Direct chats and their messages.

pub mod chat;
pub mod import;
pub mod list;
pub mod messages;
