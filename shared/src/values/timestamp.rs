//! Points in time. In JSON, they are RFC 3339 strings in UTC with milliseconds; in the database,
//! dates.

use std::str::FromStr;
use std::time::Duration;

use mongodb::bson::{Bson, DateTime};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// A point in time, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Timestamp(DateTime);

const RFC3339_MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

impl Timestamp {
    /// Returns the current time.
    pub fn now() -> Self {
        Self(DateTime::now())
    }

    /// Returns the time that is `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(DateTime::from_millis(millis))
    }

    /// Returns the time that has passed since this point; zero if it is in the future.
    pub fn age(self) -> Duration {
        Self::now().since(self)
    }

    /// Returns the time from `earlier` to this one; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.checked_duration_since(earlier.0).unwrap_or_default()
    }

    /// Returns the milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// Returns the seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.0.timestamp_millis() / 1000
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(DateTime::from_millis(self.0.timestamp_millis().saturating_add(millis)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(DateTime::from_millis(self.0.timestamp_millis().saturating_sub(millis)))
    }
}

impl From<DateTime> for Timestamp {
    fn from(time: DateTime) -> Self {
        Self(time)
    }
}

impl FromStr for Timestamp {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_rfc3339_str(text).map(Self).map_err(|_| "must be a time as in RFC 3339")
    }
}

impl From<Timestamp> for Bson {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0.timestamp_millis()) * 1_000_000)
            .map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&time.format(RFC3339_MILLIS).map_err(serde::ser::Error::custom)?)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A point in time: RFC 3339 in UTC with milliseconds.",
            "type": "string",
            "format": "date-time",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_always_shows_milliseconds() {
        let json = |millis| serde_json::to_value(Timestamp::from_millis(millis)).unwrap();
        assert_eq!(json(1_700_000_000_000), "2023-11-14T22:13:20.000Z");
        assert_eq!(json(1_700_000_000_120), "2023-11-14T22:13:20.120Z");
    }
}
