//! The positions of messages in a chat.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// The `seq` of a message, or 0 for the position before the first one.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Seq(i64);

impl Seq {
    /// Returns the number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<String> for Seq {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().ok().filter(|seq| *seq >= 0).map(Self).ok_or("must be the seq of a message")
    }
}

impl JsonSchema for Seq {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seq".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The `seq` of a message, or 0 for the position before the first one.",
            "type": "integer",
            "format": "int64",
            "minimum": 0,
        })
    }
}
