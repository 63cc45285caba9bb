//! Runs API Gateway and Lambda on one machine, for any SAM template whose functions are native
//! binaries.
//!
//! The gateway reads `template.yaml`, starts the binaries as documented for Lambda, and serves the
//! HTTP API and the WebSocket API of the template as documented for API Gateway. It needs no
//! container and no second description of the routes. `README.md` lists what is modeled, what is not,
//! and what is unknown.
//!
//! ```no_run
//! use gateway::{Gateway, Listeners, ProcessGroup, shutdown_requested};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), gateway::Error> {
//!     let listeners = Listeners::bind(3000).await?;
//!     let processes = ProcessGroup::start()?;
//!     let gateway = Gateway::new("template.yaml", "target/debug", &processes)
//!         .variable("TABLE", "local")
//!         .start(listeners)
//!         .await?;
//!     println!("{}", gateway.http_url());
//!     shutdown_requested(false).await;
//!     gateway.stop().await;
//!     Ok(())
//! }
//! ```
//!
//! The output of functions goes to standard output, line by line, with the function's name.
//!
//! # Layout
//!
//! Each module uses only modules below it in this list.
//!
//! - `gateway`: the settings ([`Gateway`]) and the running gateway ([`RunningGateway`])
//! - `custom_resources`: creates, updates and deletes the template's custom resources
//! - `http`: the HTTP API ([`HttpApi`]) and the routes that exist only locally
//! - `websocket`: the WebSocket API and `@connections`
//! - `activity`: the stream behind `/_local/activity`
//! - `lambda`: the processes of functions, the Runtime API, and the [`Tap`] on their database
//! - `iam`: the keys of functions, and the check of signatures and policies
//! - `throttle`: the rate limits of both APIs
//! - `usage`: the [`Usage`] that AWS would bill
//! - `binaries`: the check that template and binaries belong together
//! - `template`: from YAML to functions, routes and custom resources
//! - `watch`, `workspace`: hot reload and the [`Workspace`] that it builds
//! - `listeners`, `process_group`, `shutdown`: ports, child processes and the end ([`Listeners`],
//!   [`ProcessGroup`], [`shutdown_requested`])
//! - `error`, `clock`, `ids`: the [`Error`], and times and ids as AWS writes them

#![warn(missing_docs)]

mod activity;
mod binaries;
mod clock;
mod custom_resources;
mod error;
mod gateway;
mod http;
mod iam;
mod ids;
mod lambda;
mod listeners;
mod process_group;
mod shutdown;
mod template;
mod throttle;
mod usage;
mod watch;
mod websocket;
mod workspace;

pub use error::Error;
pub use gateway::{Gateway, RunningGateway};
pub use http::HttpApi;
pub use lambda::{CountCommands, Tap};
pub use listeners::Listeners;
pub use process_group::ProcessGroup;
pub use shutdown::shutdown_requested;
pub use usage::{FunctionUsage, Usage};
pub use workspace::Workspace;
