//! The HTTP API: the input, the output and the description of each endpoint.
//!
//! The fields of a type are in the order of the JSON.

pub mod all_connection;
pub mod chat_settings;
pub mod create_connection;
pub mod delete_otp;
pub mod get_chat;
pub mod last_message;
pub mod logout;
pub mod photo;
pub mod presence;
pub mod receipt;
pub mod refresh;
pub mod send_message;
pub mod send_otp;
pub mod socket_ticket;
pub mod sync;
pub mod upload_details;
pub mod user_details;
pub mod users;
pub mod verify_otp;

use super::description::Endpoint;

/// Returns the descriptions of all endpoints, in the order in which a client typically uses them.
pub fn all() -> Vec<Endpoint> {
    vec![
        send_otp::endpoint(),
        verify_otp::endpoint(),
        delete_otp::endpoint(),
        upload_details::endpoint(),
        logout::endpoint(),
        refresh::endpoint(),
        user_details::endpoint(),
        users::endpoint(),
        create_connection::endpoint(),
        all_connection::endpoint(),
        get_chat::endpoint(),
        send_message::endpoint(),
        last_message::endpoint(),
        sync::endpoint(),
        receipt::endpoint(),
        chat_settings::endpoint(),
        presence::endpoint(),
        socket_ticket::endpoint(),
        photo::endpoint(),
    ]
}
