//! The positions of entries in a chat.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::number;

/// The `seq` of an entry, or 0 for the position before the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(i64);

impl Seq {
    /// Returns the number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        number::read(deserializer)?.map(Self).ok_or_else(|| D::Error::custom("must be the seq of a message"))
    }
}

impl JsonSchema for Seq {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seq".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The `seq` of an entry, or 0 for the position before the first one.",
            "type": "integer",
            "minimum": 0,
            "maximum": number::MAX,
        })
    }
}
