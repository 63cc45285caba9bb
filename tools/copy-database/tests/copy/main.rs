//! The command on a real MongoDB, and its result as seen through the API.

#![expect(clippy::unwrap_used, reason = "a failure in a helper is the failure of the test that called it")]

mod harness;

mod interruptions;
mod left_out;
mod refusals;
mod repetition;
mod through_the_api;
