//! A running stack and its users, for tests and benchmarks.
//!
//! - [`Setup`] and [`shared`] start the stack; a [`Stack`] ends when it is dropped.
//! - [`Browser`], [`User`], [`Chat`], [`Socket`] and [`Handshake`] use it as clients do. Everything
//!   that they send and receive is validated against the descriptions of the APIs.
//! - [`exercise_every_function`] uses all of it, and [`Activity`] reports what that took.
//! - [`Usage`] is what AWS would bill for it.
//! - [`history::Recorder`] records what clients do at the same time, and [`linearizability::check`]
//!   checks it.
//! - [`expect_generated`] compares a generated part of a Markdown file with its source.
//! - [`SecureDatabase`] is a database with three servers, TLS and a login.
//! - [`Proxy`] stands in front of a server and fails on demand, [`CommandProxy`] strikes at a database
//!   command, [`ScriptedSmtp`] is a mail server that fails, and a [`ReplicaSet`] changes its primary.
//! - [`Template`] and [`descriptions`] read `template.yaml` and the APIs' descriptions, so that no
//!   test keeps its own list of functions, routes or fields.

#![expect(clippy::unwrap_used, reason = "a failure in a helper is the failure of the test that called it")]

mod activity;
mod api_error;
mod browser;
mod chat;
mod command_proxy;
pub mod descriptions;
mod exercise;
mod generated;
pub mod history;
pub mod linearizability;
mod output;
mod processes;
mod program;
mod proxy;
mod recorded_client;
mod replica_set;
mod scripted_smtp;
mod secure_database;
mod socket;
mod stack;
mod template;
mod usage;
mod users;
mod wait;
mod workspace;

pub use activity::Activity;
pub use api_error::ApiError;
pub use browser::{Browser, Reply, SetCookie};
pub use chat::Chat;
pub use command_proxy::{CommandProxy, Moment};
pub use exercise::{Step, exercise_every_function};
pub use generated::{expect_generated, generated_rows};
pub use output::Output;
pub use processes::{Process, keep_killing, processes_of, processes_that_know, signal_program};
pub use proxy::Proxy;
pub use recorded_client::RecordedClient;
pub use replica_set::ReplicaSet;
pub use scripted_smtp::{ReceivedMail, ScriptedSmtp, SmtpFault, SmtpStep};
pub use secure_database::SecureDatabase;
pub use socket::{Handshake, Socket};
pub use stack::{ALLOWED_ORIGIN, Setup, Stack, new_database_at, shared, skip_on_deployed_stack};
pub use template::{Function, Route, Template};
pub use usage::Usage;
pub use users::{User, new_email, prove_address, send_code, unique};
pub use wait::eventually;
pub use workspace::{ASYNCAPI, OPENAPI, PAGE, binaries, cargo, profile_folder, temporary_folder, workspace};

use mongodb::bson::oid::ObjectId;
use serde_json::Value;

/// Converts an id to the form that the database stores.
pub fn object_id(id: &str) -> ObjectId {
    ObjectId::parse_str(id).unwrap()
}

/// Returns an id that does not exist.
pub fn unknown_id() -> String {
    ObjectId::new().to_string()
}

/// Returns the seed of a random test: the value of an environment variable, which repeats a run, or a
/// new one. Prints it.
pub fn seed(variable: &str) -> u64 {
    let seed = std::env::var(variable).map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("{variable}={seed}");
    seed
}

/// Returns the claims of a signed token.
pub fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
