//! Chats, each of which is a log of entries.
//!
//! Everything that happens in a chat is an entry with the next `seq`: 1, 2, 3 … without a gap. A chat
//! has one document for ever, its *head*, with its members and its newest entries, at most 64. Before
//! the next entry is appended to a full head, its entries are copied into an *archive* and then
//! removed from the head. Heads and archives are in the collection `log`.

pub mod append;
pub mod change;
pub mod direct;
pub mod entry;
mod fold;
pub mod history;
pub mod import;
pub mod inbox;
pub mod log;
pub mod marks;
pub mod members;
mod notes;
mod roll;
pub mod send;
pub mod sync;
pub mod unread;
