//! `addFriend`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::description::{Action, Type};
use crate::values::ids::UserId;
use crate::values::text::FullName;

/// The name on the wire.
pub(super) const NAME: &str = "addFriend";

/// The input of `addFriend`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddFriendInput {
    /// The friend, who shares a chat with the sender.
    pub id: UserId,
    /// The name of the sender. The friend sees the name from the sender's handshake instead.
    pub user_name: FullName,
    /// The name of the friend.
    pub friend_name: FullName,
}

pub(super) fn action() -> Action {
    Action {
        name: NAME,
        summary: "Notifies a new friend on all their sockets that the two are connected",
        effect: "sends `newFriend` `{id, userName, friendName}` to every socket of user `id`, who must \
                 share a chat with the sender. In the event, `id` and `userName` are the sender's, from \
                 the sender's handshake",
        input: Type::input::<AddFriendInput>(
            r#"{"action":"addFriend","id":"65a1b2c3d4e5f60718293a4c","userName":"Ada Lovelace","friendName":"Bob"}"#,
        ),
    }
}
