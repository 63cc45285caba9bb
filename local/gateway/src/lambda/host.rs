//! The functions of a template.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::invocation::{Answer, InvokeError, Invoked};
use super::pool::{Pool, Waiting};
use super::process::Settings;
use super::runtime_api::RuntimeApi;
use crate::ids::invocation_id;
use crate::template::Function;

/// The longest pause before a throttled asynchronous invocation is repeated, in units of the pause
/// before the first retry
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>).
const MAX_BACKOFF: u32 = 5;

/// The number of times that the first pause of a throttled invocation fits into that of a failed one.
const FIRST_BACKOFF: u32 = 60;

/// Invokes functions. Clones share the same processes.
#[derive(Clone)]
pub(crate) struct Host(Arc<Inner>);

struct Inner {
    pools: HashMap<String, Arc<Pool>>,
    /// The executions that the account still allows.
    executions: Arc<Semaphore>,
    settings: Arc<Settings>,
}

impl Host {
    /// Returns a host for these functions, and their Runtime API, which the caller must serve at
    /// `127.0.0.1:port`.
    pub(crate) fn new(functions: Vec<Function>, port: u16, settings: Settings) -> (Self, RuntimeApi) {
        let (api, settings) = (RuntimeApi::new(port), Arc::new(settings));
        let pools = functions.into_iter().map(|function| {
            let name = function.name.clone();
            (name, Arc::new(Pool::new(function, Arc::clone(&settings), api.clone())))
        });
        let executions = Arc::new(Semaphore::new(settings.concurrency));
        (Self(Arc::new(Inner { pools: pools.collect(), executions, settings })), api)
    }

    /// Returns whether there is a function with this logical id.
    pub(crate) fn has(&self, function: &str) -> bool {
        self.0.pools.contains_key(function)
    }

    /// Invokes the function with this logical id and waits for its answer.
    pub(crate) async fn invoke(&self, function: &str, payload: Bytes) -> Invoked {
        self.run(function, invocation_id(), payload, None).await
    }

    /// Invokes a function and waits for its answer, but not longer than `limit`, even if it runs on.
    /// An invocation that no process has picked up by then is dropped.
    pub(crate) async fn invoke_within(&self, function: &str, payload: Bytes, limit: Duration) -> Invoked {
        let deadline = Instant::now() + limit;
        let (host, name) = (self.clone(), function.to_owned());
        // Its own task, because the function runs on.
        let run = tokio::spawn(async move { host.run(&name, invocation_id(), payload, Some(deadline)).await });
        if let Ok(invoked) = timeout(limit, run).await {
            return invoked.unwrap_or_else(|_| InvokeError::Stopping.into());
        }
        let error = InvokeError::Abandoned(limit);
        println!("[{function}] {error}");
        error.into()
    }

    /// Invokes a function asynchronously: after an error, it is invoked again, with the same id.
    /// Returns its last answer.
    pub(crate) async fn deliver(&self, function: &str, payload: Bytes) -> Answer {
        let id = invocation_id();
        let pause = self.0.settings.retry_pause;
        let retries = self.0.pools.get(function).map_or(0, |pool| pool.retries());
        let (mut failures, mut backoff, longest) = (0, pause / FIRST_BACKOFF, pause * MAX_BACKOFF);
        loop {
            let answer = self.run(function, id.clone(), payload.clone(), None).await.answer;
            let pause = match &answer {
                Ok(_) | Err(InvokeError::Unknown(_) | InvokeError::Stopping) => return answer,
                Err(InvokeError::Throttled(_)) => {
                    let pause = backoff;
                    backoff = (backoff * 2).min(longest);
                    pause
                }
                Err(_) if failures == retries => return answer,
                Err(_) => {
                    failures += 1;
                    pause * failures
                }
            };
            println!("[{function}] invoked again in {} s, because the invocation is asynchronous", pause.as_secs_f64());
            sleep(pause).await;
        }
    }

    async fn run(&self, function: &str, id: String, payload: Bytes, deadline: Option<Instant>) -> Invoked {
        let Some(pool) = self.0.pools.get(function) else {
            return InvokeError::Unknown(function.to_owned()).into();
        };
        let invoked = match Arc::clone(&self.0.executions).try_acquire_owned() {
            Ok(execution) => {
                let (waiting, answer) = Waiting::new(id, payload, deadline, execution);
                pool.invoke(waiting);
                answer.await.unwrap_or_else(|_| InvokeError::Stopping.into())
            }
            Err(_) => InvokeError::Throttled(self.0.settings.concurrency).into(),
        };
        if let Err(error) = &invoked.answer
            && !matches!(error, InvokeError::Stopping)
        {
            println!("[{function}] {error}");
        }
        invoked
    }

    /// Kills all processes. Later invocations fail.
    pub(crate) fn stop(&self) {
        self.0.pools.values().for_each(|pool| pool.stop());
    }
}
