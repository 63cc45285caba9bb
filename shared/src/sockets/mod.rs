//! Open connections: their records, and pushing events to them.

pub mod announce;
pub mod arrivals;
pub mod callers;
pub mod connections;
pub mod marking;
pub mod new_chats;
pub mod presence;
pub mod push;
pub mod settings;
