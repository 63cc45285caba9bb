//! Lambda: hosts the functions' processes and invokes them.
//!
//! As on AWS a process handles one invocation at a time, more load means more processes, one that takes
//! longer than its function's timeout is killed, and between invocations it is frozen.

mod pool;
mod process;
mod runtime_api;
mod tap;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde::Serialize;
use tokio::net::TcpListener;

pub(crate) use runtime_api::MAX_PAYLOAD;

use pool::Pool;
use runtime_api::RuntimeApi;

use crate::template::Function;

/// Why an invocation has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum InvokeError {
    /// The template has no such function.
    #[error("there is no function {0}")]
    Unknown(String),
    /// The function answered with an error.
    #[error("{0}")]
    Failed(String),
    /// The process ended before it answered.
    #[error("the process ended: {0}")]
    Exited(String),
    /// The function took too long and was killed.
    #[error("timed out after {} s", .0.as_secs())]
    TimedOut(Duration),
}

/// What the processes of all functions have in common.
#[derive(Clone)]
pub(crate) struct HostSettings {
    /// Where the binaries are.
    pub(crate) binaries: PathBuf,
    /// The process group that processes join.
    pub(crate) group: i32,
    /// So many processes a function may have.
    pub(crate) max_processes: usize,
    /// A process without work ends after so long.
    pub(crate) idle: Duration,
    /// The host and port in the connection string of the database, if commands to it can be counted on their way.
    pub(crate) database: Option<String>,
}

/// What an invocation took, as Lambda's REPORT line says.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The function's logical id.
    function: String,
    /// How long its process took from its start to asking for work, if this was its first invocation.
    init_millis: Option<f64>,
    /// How long it took to answer.
    millis: f64,
    /// How many commands it sent to the database, if they can be counted.
    database_commands: Option<u64>,
}

/// How an invocation ended.
pub(crate) struct Invoked {
    /// What the function answered.
    pub(crate) answer: Result<Bytes, InvokeError>,
    /// What it took, if a process had it.
    pub(crate) report: Option<Report>,
}

impl From<InvokeError> for Invoked {
    fn from(error: InvokeError) -> Self {
        Self { answer: Err(error), report: None }
    }
}

/// Invokes functions.
#[derive(Clone)]
pub(crate) struct Host(Arc<HashMap<String, Arc<Pool>>>);

impl Host {
    /// A host for these functions, and the task that serves their Runtime API on `listener`.
    pub(crate) fn new(
        functions: Vec<Function>,
        listener: TcpListener,
        settings: &HostSettings,
    ) -> std::io::Result<(Self, impl Future<Output = ()> + use<>)> {
        let api = RuntimeApi::new(listener.local_addr()?);
        let pools = functions.into_iter().map(|function| {
            let name = function.name.clone();
            (name, Arc::new(Pool::new(function, settings.clone(), api.clone())))
        });
        Ok((Self(Arc::new(pools.collect())), api.serve(listener)))
    }

    /// Invokes the function with this logical id and waits for its answer.
    pub(crate) async fn invoke(&self, function: &str, payload: Bytes) -> Invoked {
        let Some(pool) = self.0.get(function) else {
            return InvokeError::Unknown(function.to_owned()).into();
        };
        let invoked = pool.invoke(payload).await;
        if let Err(error) = &invoked.answer {
            println!("[{function}] {error}");
        }
        invoked
    }
}
