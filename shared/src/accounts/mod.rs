//! Users, and everything that identifies a caller.

pub mod cookies;
pub mod mail;
pub mod otps;
pub mod photos;
pub mod sessions;
pub mod sign_ins;
pub mod tokens;
pub mod users;
