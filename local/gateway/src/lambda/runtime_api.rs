//! The Lambda Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
//!
//! Each process has its own base path, which identifies it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot};

use super::invocation::{Answer, InvokeError};
use crate::ids::trace_id;
use crate::listeners::prompt;

/// The largest event and the largest answer, in bytes.
pub(crate) const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// An invocation as a process receives it.
pub(super) struct Invocation {
    pub(super) id: String,
    pub(super) payload: Bytes,
    pub(super) timeout: Duration,
    pub(super) arn: String,
}

/// The state that the API keeps for one process.
struct Exchange {
    invocations: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    /// Notified whenever the process requests the next invocation.
    requested: Notify,
    /// The invocation that the process is handling, and the receiver of its answer.
    current: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
}

/// One process's connection to the API, held by the owner of the process. Dropping it closes the
/// connection.
pub(super) struct Slot {
    id: String,
    api: RuntimeApi,
    exchange: Arc<Exchange>,
    invocations: mpsc::Sender<Invocation>,
}

impl Slot {
    /// Returns the value of `AWS_LAMBDA_RUNTIME_API` for the process. Lambda's value has neither a
    /// scheme nor a path; runtimes accept a path only after a scheme.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/{}", self.api.port, self.id)
    }

    /// Waits until the process requests the next invocation.
    pub(super) async fn requested(&self) {
        self.exchange.requested.notified().await;
    }

    /// Passes an invocation to the process. Returns a receiver for the answer.
    pub(super) async fn invoke(&self, invocation: Invocation) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        *lock(&self.exchange.current) = Some((invocation.id.clone(), sender));
        // If the process is gone, no answer arrives, and the owner notices its end.
        let _ = self.invocations.send(invocation).await;
        receiver
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        lock(&self.api.exchanges).remove(&self.id);
    }
}

/// The API for the processes of all functions. Clones share the same API.
#[derive(Clone)]
pub(crate) struct RuntimeApi {
    port: u16,
    exchanges: Arc<Mutex<HashMap<String, Arc<Exchange>>>>,
}

impl RuntimeApi {
    /// Creates an API that will be served on this port of the loopback interface.
    pub(super) fn new(port: u16) -> Self {
        Self { port, exchanges: Arc::default() }
    }

    /// Opens a slot for a process.
    pub(super) fn open_slot(&self) -> Slot {
        let id = format!("{:016x}", rand::random::<u64>());
        let (invocations, receiver) = mpsc::channel(1);
        let exchange = Arc::new(Exchange {
            invocations: tokio::sync::Mutex::new(receiver),
            requested: Notify::new(),
            current: Mutex::new(None),
        });
        lock(&self.exchanges).insert(id.clone(), Arc::clone(&exchange));
        Slot { id, api: self.clone(), exchange, invocations }
    }

    /// Serves the API for as long as it is polled.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let routes = Router::new()
            .route("/{process}/2018-06-01/runtime/invocation/next", get(next))
            .route("/{process}/2018-06-01/runtime/invocation/{id}/response", post(respond))
            .route("/{process}/2018-06-01/runtime/invocation/{id}/error", post(fail))
            .route("/{process}/2018-06-01/runtime/init/error", post(fail_init))
            // Slightly above the limit, so that `respond` reports an answer that exceeds it.
            .layer(DefaultBodyLimit::max(MAX_PAYLOAD + 1024))
            .with_state(self);
        // Serving fails only if the listener fails.
        let _ = axum::serve(prompt(listener), routes).await;
    }

    fn exchange(&self, id: &str) -> Result<Arc<Exchange>, StatusCode> {
        lock(&self.exchanges).get(id).cloned().ok_or(StatusCode::FORBIDDEN)
    }
}

async fn next(State(api): State<RuntimeApi>, Path(process): Path<String>) -> Result<Response, StatusCode> {
    let exchange = api.exchange(&process)?;
    let mut invocations = exchange.invocations.lock().await;
    exchange.requested.notify_one();
    let invocation = invocations.recv().await.ok_or(StatusCode::FORBIDDEN)?;
    let deadline = (SystemTime::now() + invocation.timeout).duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", invocation.arn),
        ("lambda-runtime-trace-id", format!("{};Sampled=0", trace_id())),
    ];
    Ok((headers, invocation.payload).into_response())
}

async fn respond(
    State(api): State<RuntimeApi>,
    Path((process, id)): Path<(String, String)>,
    answer: Bytes,
) -> Result<StatusCode, StatusCode> {
    if answer.len() > MAX_PAYLOAD {
        let reason = format!("the response exceeds the limit of {MAX_PAYLOAD} bytes");
        settle(&api, &process, Some(&id), Err(InvokeError::Failed(reason)))?;
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    settle(&api, &process, Some(&id), Ok(answer))
}

async fn fail(
    State(api): State<RuntimeApi>,
    Path((process, id)): Path<(String, String)>,
    error: Bytes,
) -> Result<StatusCode, StatusCode> {
    settle(&api, &process, Some(&id), Err(failure(&error)))
}

async fn fail_init(
    State(api): State<RuntimeApi>,
    Path(process): Path<String>,
    error: Bytes,
) -> Result<StatusCode, StatusCode> {
    settle(&api, &process, None, Err(failure(&error)))
}

/// Reads the error that a function reports.
fn failure(error: &[u8]) -> InvokeError {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Diagnostic {
        error_type: String,
        error_message: String,
    }
    match serde_json::from_slice(error) {
        Ok(Diagnostic { error_type, error_message }) => InvokeError::Failed(format!("{error_type}: {error_message}")),
        Err(_) => InvokeError::Failed("an error without a diagnostic".to_owned()),
    }
}

/// Forwards the answer of a process if it belongs to the current invocation.
fn settle(api: &RuntimeApi, process: &str, id: Option<&str>, answer: Answer) -> Result<StatusCode, StatusCode> {
    let exchange = api.exchange(process)?;
    let mut current = lock(&exchange.current);
    if id.is_some() && current.as_ref().map(|(current, _)| current.as_str()) != id {
        return Err(StatusCode::BAD_REQUEST);
    }
    if let Some((_, receiver)) = current.take() {
        // The caller may have given up.
        let _ = receiver.send(answer);
    }
    Ok(StatusCode::ACCEPTED)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
