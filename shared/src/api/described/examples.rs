//! Who and what the examples are about: the people of the README's walk through.

use crate::api::{ChatMessages, LastMessage, ListedChat, UserData};
use crate::ids::{ChatId, MessageId, UserId};
use crate::messages::Message;
use crate::photos::{PhotoBase, PhotoId};
use crate::timestamp::Timestamp;
use crate::users::Person;

/// Ada's photo.
pub(super) const PHOTO: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The author of the example messages.
pub(super) fn ada() -> UserId {
    "65a1b2c3d4e5f60718293a4b".parse().unwrap()
}

pub(super) fn bob() -> UserId {
    "65a1b2c3d4e5f60718293a4c".parse().unwrap()
}

/// The chat of the two.
pub(super) fn chat() -> ChatId {
    "65a1b2c3d4e5f60718293a4d".parse().unwrap()
}

/// What others see of Ada, who has a photo.
pub(super) fn ada_as_friend() -> Person {
    Person { id: ada(), full_name: Some("Ada Lovelace".to_owned()), photo_url: Some(photo_url()) }
}

/// What others see of Bob, who has none.
pub(super) fn bob_as_friend() -> Person {
    Person { id: bob(), full_name: Some("Bob".to_owned()), photo_url: None }
}

/// What Ada sees of herself.
pub(super) fn ada_herself() -> UserData {
    UserData {
        id: ada(),
        email: "ada@example.com".parse().unwrap(),
        full_name: Some("Ada Lovelace".to_owned()),
        photo_url: Some(photo_url()),
        is_profile_complete: true,
    }
}

fn photo_url() -> String {
    PhotoBase::new("http://localhost:3000").url(&PHOTO.parse::<PhotoId>().unwrap())
}

/// The first message of the chat.
pub(super) fn message() -> Message {
    Message {
        id: "65a1b2c3d4e5f60718293a4e".parse::<MessageId>().unwrap(),
        send_by: ada(),
        send_time: Timestamp::at_millis(1_700_000_000_120),
        message: "Hello Bob".to_owned(),
        seq: 1,
        client_id: Some("1".to_owned()),
    }
}

/// The chat with that message.
pub(super) fn messages() -> ChatMessages {
    ChatMessages { id: chat(), chats: vec![message()] }
}

/// The chat as Bob's list shows it.
pub(super) fn listed_chat() -> ListedChat {
    ListedChat { id: chat(), friend: ada_as_friend(), chats: LastMessage::Some(message()) }
}
