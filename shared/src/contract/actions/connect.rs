//! The handshake.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::description::Type;
use crate::values::ids::UserId;
use crate::values::text::FullName;

/// The query of the handshake.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectInput {
    /// The signed-in user.
    pub user_id: UserId,
    /// The name that `newFriend` shows to others.
    pub name: FullName,
    /// A ticket from `POST /api/socketTicket`. It is optional if the handshake has the
    /// `access-key` cookie.
    pub ticket: Option<String>,
    /// `2` for a native client, which receives `entry` instead of `chatUpdate`.
    pub v: Option<Dialect>,
}

/// The events that a client understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Dialect {
    /// Those of the reference.
    #[default]
    #[serde(rename = "1")]
    Reference,
    /// Those of a native client: everything that is stored arrives as `entry`.
    #[serde(rename = "2")]
    Native,
}

/// Returns the description of the query.
pub fn query() -> Type {
    Type::input::<ConnectInput>(r#"{"userId":"65a1b2c3d4e5f60718293a4b","name":"Ada Lovelace"}"#)
}
