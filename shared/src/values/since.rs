//! The point in time up to which a client is up to date.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::timestamp::Timestamp;

/// The `now` of an earlier answer. A value that is not a time counts as absent: the client then
/// receives everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Since(pub Option<Timestamp>);

impl<'de> Deserialize<'de> for Since {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(Self(value.as_str().and_then(|text| text.parse().ok())))
    }
}

impl JsonSchema for Since {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Since".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "The `now` of an earlier answer. Anything else counts as absent." })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn anything_but_a_time_counts_as_absent() {
        let since = |value: Value| Since::deserialize(value).unwrap().0;
        let time = Timestamp::from_millis(1_700_000_000_120);
        assert_eq!(since(serde_json::to_value(time).unwrap()), Some(time));
        for unknown in [json!(null), json!("yesterday"), json!(1), json!({})] {
            assert_eq!(since(unknown.clone()), None, "for {unknown}");
        }
    }
}
