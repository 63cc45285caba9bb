//! Page sizes that clients choose.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::number;

/// The number of items that a client requests: 1 to `MAX`, `DEFAULT` if omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit<const DEFAULT: usize, const MAX: usize>(usize);

impl<const DEFAULT: usize, const MAX: usize> Limit<DEFAULT, MAX> {
    /// Returns the number of items.
    pub fn get(self) -> usize {
        self.0
    }
}

impl<const DEFAULT: usize, const MAX: usize> Default for Limit<DEFAULT, MAX> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<'de, const DEFAULT: usize, const MAX: usize> Deserialize<'de> for Limit<DEFAULT, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = number::read(deserializer)?.and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.filter(|limit| (1..=MAX).contains(limit));
        limit.map(Self).ok_or_else(|| D::Error::custom(format!("must be a number from 1 to {MAX}")))
    }
}

impl<const DEFAULT: usize, const MAX: usize> JsonSchema for Limit<DEFAULT, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Limit{DEFAULT}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MAX, "default": DEFAULT })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_limit_is_a_number_within_its_bounds() {
        let limit = |json: Value| Limit::<100, 500>::deserialize(json);
        assert_eq!(limit(json!(500)).unwrap().get(), 500);
        assert_eq!(limit(json!("500")).unwrap().get(), 500);
        assert_eq!(limit(json!(500.0)).unwrap().get(), 500);
        for invalid in [
            json!(""),
            json!("0"),
            json!(501),
            json!(-1),
            json!(1.5),
            json!(1e20),
            json!("ten"),
            json!(null),
            json!([1]),
        ] {
            let error = limit(invalid.clone()).unwrap_err().to_string();
            assert_eq!(error, "must be a number from 1 to 500", "for {invalid}");
        }
    }
}
