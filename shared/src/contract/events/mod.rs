//! The WebSocket API from server to client: the events.
//!
//! The fields of an event are in the order of the arguments of a Socket.IO listener.

pub mod ack;
pub mod chat_update;
pub mod error;
pub mod message_sent;
pub mod new_friend;
pub mod user_response;

use super::description::Event;

/// Returns the descriptions of all events, in the order in which a client typically receives them.
pub fn all() -> Vec<Event> {
    vec![
        new_friend::event(),
        user_response::event(),
        chat_update::event(),
        message_sent::event(),
        ack::event(),
        error::event(),
    ]
}
