//! The documented behavior of API Gateway and Lambda, one fact per test. Events are compared with
//! recorded ones.
//!
//! The functions are the example `probe`, which follows the instruction in its event.

#![expect(clippy::unwrap_used, reason = "a failure in a helper is the failure of the test that called it")]

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
mod invocations;
mod lambda;
mod library;
mod lifecycle;
mod limits;
mod permissions;
mod socket_events;
mod socket_limits;
mod socket_routing;
mod template_errors;
mod usage;
