//! The number that relates an answer to a frame.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// A number that a client adds to a frame to request an answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "Number")]
pub struct AckId(u64);

impl AckId {
    /// The number in the example of an `ack`.
    pub(crate) const FIRST: Self = Self(1);

    /// The largest integer that every JSON parser represents exactly (RFC 8259, section 6).
    const MAX: u64 = (1 << 53) - 1;
}

impl TryFrom<Number> for AckId {
    type Error = &'static str;

    fn try_from(number: Number) -> Result<Self, Self::Error> {
        let integer = number.as_u64().filter(|number| *number <= Self::MAX);
        integer.map(Self).ok_or("must be a whole number from 0 to 9007199254740991")
    }
}

impl JsonSchema for AckId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AckId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number that a client adds to a frame to request an answer.",
            "type": "integer",
            "minimum": 0,
            "maximum": Self::MAX,
        })
    }
}
