//! Names and ids in the formats of AWS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The account of all resources, from the examples in AWS's documentation.
pub(crate) const ACCOUNT_ID: &str = "123456789012";

/// The region of all resources.
pub(crate) const REGION: &str = "us-east-1";

/// The domain of AWS's endpoints.
pub(crate) const URL_SUFFIX: &str = "amazonaws.com";

/// Returns the ARN of a function.
pub(crate) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}")
}

/// Returns a new id for a Lambda invocation: a UUID.
pub(crate) fn invocation_id() -> String {
    let digits = format!("{:032x}", rand::random::<u128>());
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// Returns a new API Gateway id for a connection, a request or a message: eleven random bytes in
/// base64, such as `L0SM9cOFvHcCIhw=`.
pub(crate) fn gateway_id() -> String {
    BASE64.encode(rand::random::<[u8; 11]>())
}

/// Returns a new X-Ray trace id. The trace is not recorded.
pub(crate) fn trace_id() -> String {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    format!("Root=1-{now:08x}-{:024x}", rand::random::<u128>() >> 32)
}

/// Returns a new name of a log stream, such as `2026/11/24/[$LATEST]` and 32 hexadecimal digits.
pub(crate) fn log_stream() -> String {
    let today = time::OffsetDateTime::now_utc().date();
    let (year, month, day) = (today.year(), u8::from(today.month()), today.day());
    format!("{year}/{month:02}/{day:02}/[$LATEST]{:032x}", rand::random::<u128>())
}
