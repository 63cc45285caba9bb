//! The deployment: the template, its functions, and their sample events. A failing test says what
//! to add, and where.

#![expect(clippy::unwrap_used, reason = "a failure in a helper is the failure of the test that called it")]

mod custom_resource;
mod events;
mod least_privilege;
mod routes;
mod sources;
