//! Texts that clients choose, with the bounds of the contract.

use std::fmt;
use std::str::FromStr;

use mongodb::bson::Bson;
use serde::{Deserialize, Serialize};

/// A text of 1 to `MAX` characters (Unicode scalar values).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MAX: usize>(String);

/// What somebody says in a chat.
pub type MessageText = Text<4096>;
/// A name that a client gives to one send, so that it can repeat it safely.
pub type ClientId = Text<64>;
/// What somebody looks for in the directory.
pub type SearchTerm = Text<100>;

/// A person's name as others see it: 1 to 100 characters without white space around them, so that nobody is invisible.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct FullName(NameText);

type NameText = Text<100>;

impl FullName {
    /// The name itself.
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

/// What is wrong with a text: it is empty or too long.
#[derive(Debug, thiserror::Error)]
#[error("must be 1 to {max} characters long")]
pub struct InvalidLength {
    max: usize,
}

impl<const MAX: usize> Text<MAX> {
    /// The most characters.
    pub const MAX: usize = MAX;

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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

impl<const MAX: usize> From<&Text<MAX>> for Bson {
    fn from(text: &Text<MAX>) -> Self {
        Bson::String(text.0.clone())
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
impl<const MAX: usize> schemars::JsonSchema for Text<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for FullName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FullName".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = generator.subschema_for::<NameText>();
        schema.insert("description".to_owned(), "A person's name; white space around it is cut off.".into());
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
