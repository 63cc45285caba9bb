//! The test harness: the gateway under test, requests, sockets, and recorded events.

mod gateway;
mod http;
mod output;
mod program;
mod recorded;
mod socket;
mod wait;

pub(crate) use gateway::{Gateway, Setup, bare, conformance, package, probe, shared};
pub(crate) use http::{Answer, operator, raw, sign_with};
pub(crate) use program::temporary_folder;
pub(crate) use recorded::{keys, recorded, shape, without};
pub(crate) use socket::{Frame, Handshake, Socket, socket_events};
pub(crate) use wait::eventually;

use serde_json::Value;

/// Returns a unique word that begins with `start`.
pub(crate) fn unique(start: &str) -> String {
    format!("{start}{:016x}", rand::random::<u64>())
}

/// Asserts that a value is an id in API Gateway's format: eleven bytes in base64, such as
/// `L0SM9cOFvHcCIhw=`.
#[track_caller]
pub(crate) fn assert_gateway_id(id: &Value) {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(id.as_str().unwrap()).unwrap();
    assert_eq!(bytes.len(), 11, "{id}");
}

/// Asserts that a time has the format `22/Feb/2022:19:07:37 +0000`, equals the number of
/// milliseconds, and is the current time.
#[track_caller]
pub(crate) fn assert_time(text: &Value, epoch_millis: &Value) {
    use time::macros::format_description;
    let format = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    let time = time::OffsetDateTime::from_unix_timestamp(epoch_millis.as_i64().unwrap() / 1000).unwrap();
    assert_eq!(text.as_str().unwrap(), time.format(&format).unwrap());
    let age = time::OffsetDateTime::now_utc() - time;
    assert!((-1..60).contains(&age.whole_seconds()), "{text} is {age} ago");
}
