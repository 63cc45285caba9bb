//! Texts from clients, with limited lengths.

use std::str::FromStr;

use mongodb::bson::Bson;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::string_value;

/// A text of 1 to `MAX` characters (Unicode scalar values).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MAX: usize>(String);

string_value!(Text<const MAX: usize>);

/// The text of a message.
pub type MessageText = Text<4096>;
/// A client's own id for a message, which makes a send safe to repeat.
pub type ClientId = Text<64>;
/// An emoji. One that is joined from others has up to ten characters.
pub type Emoji = Text<10>;
/// A search term for the directory.
pub type SearchTerm = Text<100>;

/// A person's name as others see it: 1 to 100 characters. It is trimmed, so that no name is
/// invisible.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct FullName(NameText);

type NameText = Text<100>;

impl FullName {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<String> for FullName {
    type Error = InvalidLength;

    fn try_from(text: String) -> Result<Self, InvalidLength> {
        text.trim().parse().map(Self)
    }
}

impl From<&FullName> for Bson {
    fn from(name: &FullName) -> Self {
        Bson::from(&name.0)
    }
}

/// The error for a text that is empty or too long.
#[derive(Debug, thiserror::Error)]
#[error("must be 1 to {max} characters long")]
pub struct InvalidLength {
    max: usize,
}

impl<const MAX: usize> Text<MAX> {
    /// The maximum number of characters.
    pub const MAX: usize = MAX;
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = InvalidLength;

    fn try_from(text: String) -> Result<Self, InvalidLength> {
        let length = text.chars().take(MAX + 1).count();
        if (1..=MAX).contains(&length) { Ok(Self(text)) } else { Err(InvalidLength { max: MAX }) }
    }
}

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = InvalidLength;

    fn from_str(text: &str) -> Result<Self, InvalidLength> {
        text.to_owned().try_into()
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}

impl JsonSchema for FullName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FullName".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.subschema_for::<NameText>();
        schema.insert("description".to_owned(), "A person's name. It is trimmed.".into());
        schema.insert("pattern".to_owned(), r"\S".into());
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert!("é".repeat(64).parse::<ClientId>().is_ok());
        assert!("é".repeat(65).parse::<ClientId>().is_err());
        assert!("".parse::<ClientId>().is_err());
    }

    #[test]
    fn a_name_is_trimmed_and_visible() {
        assert_eq!(FullName::try_from(" Ada ".to_owned()).unwrap().as_str(), "Ada");
        assert!(FullName::try_from(" \n".to_owned()).is_err());
    }
}
