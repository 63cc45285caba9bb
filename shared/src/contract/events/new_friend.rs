//! `newFriend`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::examples::ada;
use crate::contract::frame::Event;
use crate::values::ids::UserId;

/// The fields of `newFriend`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewFriend {
    /// The new friend.
    pub id: UserId,
    /// The name of the new friend.
    pub user_name: String,
    /// The name of the receiver, as the new friend wrote it.
    pub friend_name: String,
}

impl Event for NewFriend {
    const NAME: &'static str = "newFriend";
}

pub(super) fn event() -> description::Event {
    let example = NewFriend { id: ada(), user_name: "Ada Lovelace".to_owned(), friend_name: "Bob".to_owned() };
    description::Event::new("Another user started a chat with the receiver.", &example)
}
