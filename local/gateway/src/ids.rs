//! Ids of the forms that AWS gives.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The id of a Lambda invocation: a UUID.
pub(crate) fn invocation_id() -> String {
    let digits = format!("{:032x}", rand::random::<u128>());
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// The id of anything in API Gateway, a connection, a request or a message: eleven random bytes in base64, as in `L0SM9cOFvHcCIhw=`.
pub(crate) fn gateway_id() -> String {
    BASE64.encode(rand::random::<[u8; 11]>())
}

/// The id of an X-Ray trace that is not recorded.
pub(crate) fn trace_id() -> String {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    format!("Root=1-{now:08x}-{:024x}", rand::random::<u128>() >> 32)
}
