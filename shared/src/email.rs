//! E-mail addresses.

use std::fmt;
use std::str::FromStr;

use email_address::Options;
use mongodb::bson::Bson;
use serde::{Deserialize, Serialize};

/// A valid e-mail address (RFC 5321), trimmed and in lower case, so that one person has one account however they type it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// What is wrong with a text that should be an e-mail address.
#[derive(Debug, thiserror::Error)]
#[error("must be a valid e-mail address")]
pub struct InvalidEmail;

impl EmailAddress {
    /// The address itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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

impl From<&EmailAddress> for Bson {
    fn from(address: &EmailAddress) -> Self {
        Bson::String(address.0.clone())
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EmailAddress {
    /// Keeps addresses out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

#[cfg(test)]
impl schemars::JsonSchema for EmailAddress {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EmailAddress".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "An e-mail address. White space around it is cut off, and it is made lower case.",
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
    fn any_valid_address_is_accepted_and_nothing_else() {
        for valid in ["ada@example.com", "ada+chat@mail.example.co.uk", "o'hara@example.org", "ä@exämple.de"] {
            assert!(valid.parse::<EmailAddress>().is_ok(), "{valid} is valid");
        }
        for wrong in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@example.com\r\nBcc: eve@example.com",
            "a b@example.com",
            "Ada <ada@example.com>",
        ] {
            assert!(wrong.parse::<EmailAddress>().is_err(), "{wrong:?} is no address");
        }
    }
}
