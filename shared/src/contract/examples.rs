//! The people and the chat in all examples, as in the README's walk-through.

use mongodb::bson::oid::ObjectId;

use super::entry::Entry;
use super::message::{ChatMessages, Message};
use super::person::Person;
use crate::values::ids::{ChatId, UserId};
use crate::values::timestamp::Timestamp;

/// The id of Ada's photo.
pub const PHOTO: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The address of Ada's photo.
pub(super) const PHOTO_URL: &str =
    "http://localhost:3000/uploads/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The time of the message.
pub(super) const TIME: Timestamp = Timestamp::from_millis(1_700_000_000_120);

/// The text of the message.
pub(super) const TEXT: &str = "Hello Bob";

/// Returns the id `65a1b2c3d4e5f60718293a` with these last two digits.
fn id(last: u8) -> ObjectId {
    ObjectId::from_bytes([0x65, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0x07, 0x18, 0x29, 0x3a, last])
}

/// Returns the id of Ada, who sent the message.
pub(super) fn ada() -> UserId {
    id(0x4b).into()
}

/// Returns the id of Bob.
pub(super) fn bob() -> UserId {
    id(0x4c).into()
}

/// Returns the id of their chat.
pub(super) fn chat() -> ChatId {
    id(0x4d).into()
}

/// Returns the public profile of Ada, who has a photo.
pub(super) fn ada_as_friend() -> Person {
    Person { id: ada(), full_name: Some("Ada Lovelace".to_owned()), photo_url: Some(PHOTO_URL.to_owned()) }
}

/// Returns the public profile of Bob, who has no photo.
pub(super) fn bob_as_friend() -> Person {
    Person { id: bob(), full_name: Some("Bob".to_owned()), photo_url: None }
}

/// Returns the first message of the chat.
pub(super) fn message() -> Message {
    Message {
        id: id(0x4e).into(),
        send_by: ada(),
        send_time: TIME,
        message: TEXT.to_owned(),
        seq: 1,
        client_id: Some("1".to_owned()),
        reply_to: None,
        changed_seq: None,
        deleted: false,
        reactions: Vec::new(),
    }
}

/// Returns the entry of that message.
pub(super) fn entry() -> Entry {
    Entry::Message { by: ada(), at: TIME, message: message() }
}

/// Returns the chat with that message.
pub(super) fn messages() -> ChatMessages {
    ChatMessages { id: chat(), chats: vec![message()] }
}
