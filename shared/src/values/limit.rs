//! Page sizes that clients choose.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// The number of items that a client requests: 1 to `MAX`, `DEFAULT` if omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
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

impl<const DEFAULT: usize, const MAX: usize> TryFrom<String> for Limit<DEFAULT, MAX> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let limit = text.parse().ok().filter(|limit| (1..=MAX).contains(limit));
        limit.map(Self).ok_or_else(|| format!("must be a number from 1 to {MAX}"))
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
    use super::*;

    #[test]
    fn a_limit_is_a_number_within_its_bounds() {
        let limit = |text: &str| Limit::<100, 500>::try_from(text.to_owned());
        assert_eq!(limit("500").unwrap().get(), 500);
        for invalid in ["", "0", "501", "-1", "ten"] {
            assert_eq!(limit(invalid).unwrap_err(), "must be a number from 1 to 500", "for {invalid:?}");
        }
    }
}
