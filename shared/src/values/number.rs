//! Numbers from clients: JSON numbers in bodies and frames, digits in query parameters.

use serde::{Deserialize, Deserializer};

/// Parses a number that may be written in digits. `None` is a number below zero or above the range
/// of `i64`, or a text that is not a number.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(i64),
        Digits(String),
        Other(serde::de::IgnoredAny),
    }
    let number = match Written::deserialize(deserializer)? {
        Written::Number(number) => Some(number),
        Written::Digits(digits) => digits.parse().ok(),
        Written::Other(_) => None,
    };
    Ok(number.filter(|number| *number >= 0))
}
