//! The WebSocket API from client to server: the handshake, and the frames of each action.
//!
//! The fields of a frame are in the order of the arguments of Socket.IO's `emit`.

pub mod add_friend;
pub mod chatsend;
pub mod connect;
pub mod join_chat_room;
pub mod leave_chat_room;
pub mod message_received;
pub mod receipt;
pub mod send_active_response;
pub mod send_message;
pub mod sync;
pub mod typing;

use super::description::Action;

/// The names of all actions.
pub const NAMES: [&str; 10] = [
    sync::NAME,
    join_chat_room::NAME,
    leave_chat_room::NAME,
    send_message::NAME,
    receipt::NAME,
    typing::NAME,
    add_friend::NAME,
    send_active_response::NAME,
    chatsend::NAME,
    message_received::NAME,
];

/// Returns the descriptions of all actions, in the order in which a client typically uses them; the
/// last four are those of the reference's frontends.
pub fn all() -> Vec<Action> {
    vec![
        sync::action(),
        join_chat_room::action(),
        leave_chat_room::action(),
        send_message::action(),
        receipt::action(),
        typing::action(),
        add_friend::action(),
        send_active_response::action(),
        chatsend::action(),
        message_received::action(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_descriptions() {
        assert_eq!(all().iter().map(|action| action.name).collect::<Vec<_>>(), NAMES);
    }
}
