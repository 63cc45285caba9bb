//! The command as it is run, on a real MongoDB, and what it copied as clients of the API see it.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper is the failure of the test that called it")]

mod harness;

mod interruptions;
mod left_out;
mod refusals;
mod repetition;
mod through_the_api;
