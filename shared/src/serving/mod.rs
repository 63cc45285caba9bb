//! Turns invocations into calls of handlers, and their results into responses.

pub mod http;
pub mod input;
pub mod invocation;
mod parts;
pub mod socket;
