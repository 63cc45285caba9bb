//! E-mail addresses.

use std::fmt;
use std::str::FromStr;

use email_address::Options;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::string_value;

/// A valid e-mail address (RFC 5321), trimmed and in lower case, so that a person has one account
/// however they type it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

string_value!(EmailAddress);

/// The reason why a text is not an e-mail address.
#[derive(Debug, thiserror::Error)]
#[error("must be a valid e-mail address")]
pub struct InvalidEmail;

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let address = text.trim().to_lowercase();
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        match email_address::EmailAddress::parse_with_options(&address, options) {
            Ok(_) => Ok(Self(address)),
            Err(_) => Err(InvalidEmail),
        }
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl fmt::Debug for EmailAddress {
    /// Hides the address, to keep it out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

impl JsonSchema for EmailAddress {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EmailAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An e-mail address. It is trimmed and converted to lower case.",
            "type": "string",
            "format": "email",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_lower_cased() {
        assert_eq!(" Ada@Example.COM ".parse::<EmailAddress>().unwrap().as_str(), "ada@example.com");
    }

    #[test]
    fn only_valid_addresses_are_accepted() {
        for valid in ["ada@example.com", "ada+chat@mail.example.co.uk", "o'hara@example.org", "ä@exämple.de"] {
            assert!(valid.parse::<EmailAddress>().is_ok(), "{valid} is refused");
        }
        for invalid in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@example.com\r\nBcc: eve@example.com",
            "a b@example.com",
            "Ada <ada@example.com>",
        ] {
            assert!(invalid.parse::<EmailAddress>().is_err(), "{invalid:?} is accepted");
        }
    }
}
