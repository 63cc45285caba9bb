//! The cookies that carry credentials.

/// The cookie with the refresh token.
pub const REFRESH: &str = "refresh-key";
/// The cookie with the access token.
pub const ACCESS: &str = "access-key";
/// The cookie that proves that a browser requested a one-time code.
pub const OTP: &str = "otp-key";
/// The cookie with the sign-up token.
pub const SIGNUP: &str = "signup-key";
