//! What goes over the wire: what clients ask, what they are answered, and what sockets carry.
//!
//! The functions are built on these types, and `shared/api/openapi.yaml`, `shared/api/asyncapi.yaml` and the tables in `README.md` are made from
//! them by tests, which fail when the files are not what the code says.

#[cfg(test)]
mod described;
mod http;
mod socket;

pub use http::*;
pub use socket::*;
