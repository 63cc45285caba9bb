//! The documented behavior of API Gateway and Lambda, one fact per test. Events are compared with
//! recorded ones.
//!
//! The functions are the example `probe`, which does what its event says.

#![expect(clippy::unwrap_used, reason = "an error in a helper fails the test that has called it")]

mod harness;

mod apis;
mod connect;
mod connections_api;
mod custom_resources;
mod echo;
mod hot_reload;
mod http_answers;
mod http_events;
mod http_routing;
mod lambda;
mod library;
mod lifecycle;
mod socket_events;
mod socket_limits;
mod socket_routing;
mod template_errors;
mod usage;
