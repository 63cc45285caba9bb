//! Open connections: their records, and pushing events to them.

pub mod callers;
pub mod connections;
pub mod marking;
pub mod new_chats;
pub mod push;
pub mod settings;
