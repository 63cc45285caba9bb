//! Numbers from clients: JSON numbers in bodies and frames, digits in query parameters.

use serde::{Deserialize, Deserializer};

/// The largest whole number that every JSON parser keeps exact: 2^53 - 1.
pub(super) const MAX: i64 = (1 << 53) - 1;

/// Parses a whole number from 0 to [`MAX`], which may be written in digits. `None` is any other
/// number or text.
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
        // JSON has one kind of number: 4.0 is 4.
        Written::Float(number) => (number.fract() == 0.0).then_some(number as i64),
        Written::Digits(digits) => digits.parse().ok(),
        Written::Other(_) => None,
    };
    Ok(number.filter(|number| (0..=MAX).contains(number)))
}
