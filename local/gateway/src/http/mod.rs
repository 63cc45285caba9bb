//! The HTTP API of API Gateway, with payload format 2.0.

mod api;
mod cors;
mod event;
mod local_routes;
mod routes;

pub use api::HttpApi;
pub(crate) use api::Index;
pub(crate) use local_routes::local_routes;
