//! Numbers from clients: JSON numbers in bodies and frames, digits in query parameters.

use serde::{Deserialize, Deserializer};

/// Parses a whole number that may be written in digits. `None` is a number below zero or with a
/// fraction, or a text that is not a number.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(i64),
        Float(f64),
        Digits(String),
        Other(serde::de::IgnoredAny),
    }
    let number = match Written::deserialize(deserializer)? {
        Written::Number(number) => Some(number),
        // JSON has one kind of number: 4.0 is 4. One beyond the range of `i64` becomes its end.
        Written::Float(number) => (number.fract() == 0.0).then_some(number as i64),
        Written::Digits(digits) => digits.parse().ok(),
        Written::Other(_) => None,
    };
    Ok(number.filter(|number| *number >= 0))
}
