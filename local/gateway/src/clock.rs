//! The time in the formats that AWS writes into events.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

const COMMON_LOG_FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");

/// A point in time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now(OffsetDateTime);

impl Now {
    /// Returns the current time.
    pub(crate) fn get() -> Self {
        Self(OffsetDateTime::now_utc())
    }

    /// Formats the time like `22/Feb/2022:19:07:37 +0000`.
    pub(crate) fn common_log_format(self) -> String {
        self.0.format(COMMON_LOG_FORMAT).unwrap_or_default()
    }

    /// Returns the milliseconds since the Unix epoch.
    pub(crate) fn epoch_millis(self) -> i128 {
        self.0.unix_timestamp_nanos() / 1_000_000
    }

    /// Formats the time like `2022-02-22T19:07:37.123456Z` (RFC 3339).
    pub(crate) fn rfc_3339(self) -> String {
        self.0.format(&Rfc3339).unwrap_or_default()
    }

    /// Formats the time like `2022-02-22T19:07:37Z` (ISO 8601).
    pub(crate) fn iso_8601(self) -> String {
        self.0.replace_millisecond(0).unwrap_or(self.0).format(&Rfc3339).unwrap_or_default()
    }
}
