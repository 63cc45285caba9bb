//! The WebSocket API from server to client: the events.
//!
//! The fields of an event are in the order of the arguments of a Socket.IO listener.

pub mod ack;
pub mod chat_settings;
pub mod chat_update;
pub mod entry;
pub mod error;
pub mod message_sent;
pub mod new_chat;
pub mod new_friend;
pub mod presence;
pub mod receipt;
pub mod typing;
pub mod user_response;

use super::description::Event;

/// Returns the descriptions of all events, in the order in which a client typically receives them.
pub fn all() -> Vec<Event> {
    vec![
        entry::event(),
        receipt::event(),
        typing::event(),
        presence::event(),
        new_chat::event(),
        chat_settings::event(),
        new_friend::event(),
        user_response::event(),
        chat_update::event(),
        message_sent::event(),
        ack::event(),
        error::event(),
    ]
}
