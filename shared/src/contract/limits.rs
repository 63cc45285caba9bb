//! Limits that several endpoints share.

/// The maximum size, in bytes, of a request body without a photo.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The maximum size of a photo, in bytes.
pub const MAX_PHOTO_BYTES: usize = 2 * 1024 * 1024;
