//! The chats that a client has.

use std::collections::HashMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::ids::ChatId;
use super::seq::Seq;

/// The chats that a client names, each with the last `seq` that it holds. At most [`Self::MAX`]: a
/// frame of 32 KB has room for no more than 900.
#[derive(Clone, Debug, Default)]
pub struct KnownChats(HashMap<ChatId, Seq>);

impl KnownChats {
    /// The maximum number of chats.
    pub const MAX: usize = 500;

    /// Returns the last `seq` that the client holds of a chat, if it named the chat.
    pub fn get(&self, chat: ChatId) -> Option<i64> {
        self.0.get(&chat).map(|seq| seq.get())
    }

    /// Returns the chats, in no particular order, each with its `seq`.
    pub fn iter(&self) -> impl Iterator<Item = (ChatId, i64)> {
        self.0.iter().map(|(chat, seq)| (*chat, seq.get()))
    }
}

impl<'de> Deserialize<'de> for KnownChats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let chats = HashMap::<ChatId, Seq>::deserialize(deserializer)?;
        if chats.len() > Self::MAX {
            return Err(D::Error::custom(format!("must name at most {} chats", Self::MAX)));
        }
        Ok(Self(chats))
    }
}

impl JsonSchema for KnownChats {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KnownChats".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "maxProperties": Self::MAX,
            "propertyNames": { "pattern": "^[0-9a-f]{24}$" },
            "additionalProperties": generator.subschema_for::<Seq>(),
        })
    }
}
