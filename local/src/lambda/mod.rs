//! Lambda: hosts the functions' processes and invokes them.
//!
//! As on AWS a process handles one invocation at a time, more load means more processes, one that takes
//! longer than its function's timeout is killed, and between invocations it is frozen.

mod pool;
mod process;
mod runtime_api;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
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
    pub(crate) async fn invoke(&self, function: &str, payload: Bytes) -> Result<Bytes, InvokeError> {
        let pool = self.0.get(function).ok_or_else(|| InvokeError::Unknown(function.to_owned()))?;
        let result = pool.invoke(payload).await;
        if let Err(error) = &result {
            println!("[{function}] {error}");
        }
        result
    }
}
