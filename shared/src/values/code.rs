//! One-time codes.

use aws_lc_rs::rand;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::string_value;
use crate::error::{Error, Result};

/// A one-time code: six digits.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct Code(String);

string_value!(Code);

impl Code {
    /// Generates an unpredictable code.
    ///
    /// # Errors
    /// [`Error::Internal`] if the system cannot provide randomness.
    pub fn random() -> Result<Self> {
        // 2^64 is so much larger than a million that the remainder is practically uniform.
        let mut bytes = [0; 8];
        rand::fill(&mut bytes).map_err(|_| Error::Internal("the system provides no randomness".into()))?;
        Ok(Self(format!("{:06}", u64::from_le_bytes(bytes) % 1_000_000)))
    }
}

impl TryFrom<String> for Code {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_code = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_code { Ok(Self(text)) } else { Err("must be a code of 6 digits") }
    }
}

impl JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "A one-time code.", "type": "string", "pattern": "^[0-9]{6}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits() {
        assert!(Code::try_from(Code::random().unwrap().to_string()).is_ok());
        for invalid in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert!(Code::try_from(invalid.to_owned()).is_err(), "{invalid:?} is accepted");
        }
    }
}
