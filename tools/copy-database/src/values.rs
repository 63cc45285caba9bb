//! Parses values in the forms in which mongoose applications store them.

use std::fmt;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, RawDocument};
use shared::values::timestamp::Timestamp;

/// The end of the year 9999, the last that RFC 3339 can express.
const LAST_MILLISECOND: i64 = 253_402_300_799_999;

/// Returns the value of a field. Returns `None` if it is absent, null or cannot be read.
pub(crate) fn field(document: &RawDocument, name: &str) -> Option<Bson> {
    let value = document.get(name).ok().flatten()?;
    Bson::try_from(value).ok().filter(|value| *value != Bson::Null)
}

/// Parses an id: an ObjectId, or its 24 hex digits.
pub(crate) fn id(value: &Bson) -> Option<ObjectId> {
    match value {
        Bson::ObjectId(id) => Some(*id),
        Bson::String(digits) => ObjectId::parse_str(digits.trim()).ok(),
        _ => None,
    }
}

/// Parses a time: a date, an RFC 3339 string, or the milliseconds since 1970 as a number or string.
pub(crate) fn time(value: &Bson) -> Option<Timestamp> {
    let time = match value {
        Bson::DateTime(time) => *time,
        Bson::Int32(millis) => DateTime::from_millis((*millis).into()),
        Bson::Int64(millis) => DateTime::from_millis(*millis),
        // The cast saturates; a value out of bounds is not a time.
        Bson::Double(millis) => DateTime::from_millis(*millis as i64),
        Bson::String(text) => match text.trim().parse() {
            Ok(millis) => DateTime::from_millis(millis),
            Err(_) => DateTime::parse_rfc3339_str(text.trim()).ok()?,
        },
        _ => return None,
    };
    (0..=LAST_MILLISECOND).contains(&time.timestamp_millis()).then(|| time.into())
}

/// Displays an id in reports.
pub(crate) struct Shown(pub(crate) Option<Bson>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(Bson::ObjectId(id)) => id.fmt(f),
            // Short and on one line, whatever it contains.
            Some(Bson::String(text)) => write!(f, "{:.60}", format!("{text:?}")),
            Some(other) => write!(f, "{:.60}", other.to_string().escape_debug().to_string()),
            None => f.write_str("(without _id)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_an_object_id_or_its_digits_in_either_case() {
        let expected = ObjectId::parse_str("65a1b2c3d4e5f60718293a4b").unwrap();
        assert_eq!(id(&expected.into()), Some(expected));
        assert_eq!(id(&"65A1B2C3D4E5F60718293A4B".into()), Some(expected));
        for wrong in [Bson::Int32(7), "ada".into(), "".into()] {
            assert_eq!(id(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_time_is_a_date_a_string_or_milliseconds() {
        let expected = DateTime::from_millis(1_700_000_000_120);
        for same in [
            expected.into(),
            "2023-11-14T22:13:20.120Z".into(),
            "2023-11-14T23:13:20.120+01:00".into(),
            "1700000000120".into(),
            Bson::Int64(1_700_000_000_120),
            Bson::Double(1_700_000_000_120.0),
        ] {
            assert_eq!(time(&same), Some(expected.into()), "{same}");
        }
        for wrong in [
            DateTime::from_millis(-1).into(),
            DateTime::from_millis(LAST_MILLISECOND + 1).into(),
            "yesterday".into(),
            Bson::Double(f64::INFINITY),
            Bson::Boolean(true),
        ] {
            assert_eq!(time(&wrong), None, "{wrong}");
        }
    }
}
