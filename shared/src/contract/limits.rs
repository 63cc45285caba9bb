//! Limits that several endpoints share.

/// The maximum size, in bytes, of a request body without a photo.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The maximum size, in bytes, of the answer of `sync` over a socket. API Gateway accepts 128 KB
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
pub const MAX_SOCKET_SYNC_BYTES: usize = 96 * 1024;

/// The maximum size, in bytes, of the answer of `sync` over HTTP. Lambda accepts 6 MB, in which the
/// answer is escaped (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub const MAX_SYNC_BYTES: usize = 768 * 1024;

/// The maximum size of a photo, in bytes.
pub const MAX_PHOTO_BYTES: usize = 2 * 1024 * 1024;
