//! Open connections: their records, and pushing events to them.

pub mod connections;
pub mod push;
pub mod settings;
