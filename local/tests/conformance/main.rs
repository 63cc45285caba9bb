//! What the gateway and Lambda do, one fact a test: what holds here holds on AWS. Events are compared with recorded ones.
//!
//! The functions are the example `probe`, which does what its event says.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper is the failure of the test that called it")]

mod harness;

mod connect;
mod connections_api;
mod hot_reload;
mod http_answers;
mod http_events;
mod http_routing;
mod lambda;
mod socket_events;
mod socket_limits;
mod socket_routing;
mod template_errors;
