//! Users, and everything that proves who a caller is.

pub mod cookies;
pub mod mail;
pub mod otps;
pub mod photos;
pub mod sessions;
pub mod tokens;
pub mod users;
