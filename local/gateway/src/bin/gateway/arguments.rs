//! The command line.

use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;

/// Runs the HTTP API, the WebSocket API and the functions of a SAM template on this machine.
///
/// Functions are native binaries: the CodeUri of each function is target/lambda/NAME. The value of
/// a function's environment variable comes from the environment of this program, else from
/// --variable, else from the template.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// The template
    #[arg(default_value = "template.yaml")]
    pub(crate) template: PathBuf,

    /// The folder of the binaries. Without it, cargo builds them in the template's workspace
    #[arg(long, value_name = "FOLDER")]
    pub(crate) binaries: Option<PathBuf>,

    /// Build with the profile "release"
    #[arg(long)]
    pub(crate) release: bool,

    /// The port of the HTTP API. The WebSocket API uses the next port. 0 picks two free ports
    #[arg(long, default_value_t = 3000)]
    pub(crate) port: u16,

    /// Set a parameter of the template
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<Assignment>,

    /// Set an environment variable of every function that has it in the template
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<Assignment>,

    /// Rebuild the functions when a source file in the template's folder changes
    #[arg(long)]
    pub(crate) watch: bool,

    /// The maximum number of processes per function. Further invocations wait
    #[arg(long, value_name = "NUMBER", default_value = "8")]
    pub(crate) max_processes: NonZero<usize>,

    /// The number of seconds that a process may be idle before it ends
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) idle_seconds: u64,

    /// The factor by which the idle timeout and the lifetime of sockets are shortened
    #[arg(long, value_name = "FACTOR", default_value = "1")]
    pub(crate) time_scale: NonZero<u32>,

    /// Apply the rate limits of the template and of the account
    #[arg(long)]
    pub(crate) throttle: bool,

    /// The maximum number of invocations of all functions at a time. Further ones are throttled
    #[arg(long, value_name = "NUMBER", default_value = "1000")]
    pub(crate) concurrency: NonZero<usize>,

    /// The pause before an asynchronous invocation that failed is repeated, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub(crate) retry_seconds: f64,

    /// The longest time to wait for a custom resource, in seconds. By default its ServiceTimeout
    #[arg(long, value_name = "SECONDS")]
    pub(crate) resource_seconds: Option<f64>,

    /// Do not create the custom resources
    #[arg(long)]
    pub(crate) skip_resources: bool,

    /// Let connections to @connections die silently if their process is frozen for longer than this
    #[arg(long, value_name = "MILLIS")]
    pub(crate) dead_after_freeze_millis: Option<u64>,

    /// Deliver no $disconnect, which API Gateway does not promise to deliver
    #[arg(long)]
    pub(crate) lose_disconnects: bool,

    /// Refuse to start if a program (src/bin/*.rs) of a package in this folder has no function
    #[arg(long, value_name = "FOLDER")]
    pub(crate) functions_in: Option<PathBuf>,

    /// Stop when standard input closes, for programs that start this one
    #[arg(long)]
    pub(crate) stop_with_stdin: bool,
}

/// A name and its value.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// An argument that is not `NAME=VALUE`.
#[derive(Debug, thiserror::Error)]
#[error("expected NAME=VALUE")]
pub(crate) struct AssignmentError;

impl FromStr for Assignment {
    type Err = AssignmentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or(AssignmentError)?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}
