//! What goes over the wire: what clients ask, what they are answered, and what sockets carry.
//!
//! The functions are built on these types, and `shared/api/openapi.yaml` and `shared/api/asyncapi.yaml` are made from them by a test,
//! which fails when the files are not what the code says.

#[cfg(test)]
mod described;
mod http;
mod socket;

pub use http::*;
pub use socket::*;
