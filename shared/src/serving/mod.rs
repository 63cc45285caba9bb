//! From an invocation to the call of a handler, and back.

pub mod http;
pub mod input;
pub mod invocation;
mod parts;
pub mod socket;
