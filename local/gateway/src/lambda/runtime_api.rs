//! The Lambda Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
//!
//! Each process has a base path of its own, so the API knows which one is asking.

use std::collections::HashMap;
use std::net::SocketAddr;
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

use super::InvokeError;
use crate::ids::trace_id;

/// Lambda hands on 6 MB each way.
pub(crate) const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// An invocation as the API hands it to a process.
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) payload: Bytes,
    pub(super) timeout: Duration,
    pub(super) arn: String,
}

/// What a process answered.
pub(super) type Answer = Result<Bytes, InvokeError>;

/// The API's end of one process.
struct Process {
    deliveries: tokio::sync::Mutex<mpsc::Receiver<Delivery>>,
    /// Told each time the process asks for the next invocation.
    asked: Arc<Notify>,
    /// The invocation that it has, and where the answer goes.
    current: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
}

/// The other end of one process, held by who owns it. Dropping it ends what the API knows of the process.
pub(super) struct Line {
    id: String,
    api: RuntimeApi,
    process: Arc<Process>,
    deliveries: mpsc::Sender<Delivery>,
}

impl Line {
    /// The value of `AWS_LAMBDA_RUNTIME_API` for the process. Lambda's has neither scheme nor path; with a path, the runtime asks for a scheme.
    pub(super) fn address(&self) -> String {
        format!("http://{}/{}", self.api.address, self.id)
    }

    /// Waits until the process asks for the next invocation.
    pub(super) async fn asked(&self) {
        self.process.asked.notified().await;
    }

    /// Hands an invocation to the process; the answer arrives at the receiver.
    pub(super) async fn deliver(&self, delivery: Delivery) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        *lock(&self.process.current) = Some((delivery.id.clone(), sender));
        // Without a process that asks, the answer never comes, and the owner sees that the process is gone.
        let _ = self.deliveries.send(delivery).await;
        receiver
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        lock(&self.api.processes).remove(&self.id);
    }
}

/// The API for all processes of this stack.
#[derive(Clone)]
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    processes: Arc<Mutex<HashMap<String, Arc<Process>>>>,
}

impl RuntimeApi {
    /// An API that will be served at `address`.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, processes: Arc::default() }
    }

    /// Makes room for a process.
    pub(super) fn open(&self) -> Line {
        let id = format!("{:016x}", rand::random::<u64>());
        let (deliveries, receiver) = mpsc::channel(1);
        let process = Arc::new(Process {
            deliveries: tokio::sync::Mutex::new(receiver),
            asked: Arc::new(Notify::new()),
            current: Mutex::new(None),
        });
        lock(&self.processes).insert(id.clone(), Arc::clone(&process));
        Line { id, api: self.clone(), process, deliveries }
    }

    /// Serves the API for as long as it is polled.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let routes = Router::new()
            .route("/{process}/2018-06-01/runtime/invocation/next", get(next))
            .route("/{process}/2018-06-01/runtime/invocation/{id}/response", post(respond))
            .route("/{process}/2018-06-01/runtime/invocation/{id}/error", post(fail))
            .route("/{process}/2018-06-01/runtime/init/error", post(fail_init))
            // A little more than the limit, so that an answer over it is told from a broken one.
            .layer(DefaultBodyLimit::max(MAX_PAYLOAD + 1024))
            .with_state(self);
        // It ends with an error only if the listener does.
        let _ = axum::serve(listener, routes).await;
    }

    fn process(&self, id: &str) -> Result<Arc<Process>, StatusCode> {
        lock(&self.processes).get(id).cloned().ok_or(StatusCode::FORBIDDEN)
    }
}

async fn next(State(api): State<RuntimeApi>, Path(process): Path<String>) -> Result<Response, StatusCode> {
    let process = api.process(&process)?;
    let mut deliveries = process.deliveries.lock().await;
    process.asked.notify_one();
    let delivery = deliveries.recv().await.ok_or(StatusCode::FORBIDDEN)?;
    let deadline = (SystemTime::now() + delivery.timeout).duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", delivery.id),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", delivery.arn),
        ("lambda-runtime-trace-id", format!("{};Sampled=0", trace_id())),
    ];
    Ok((headers, delivery.payload).into_response())
}

async fn respond(
    State(api): State<RuntimeApi>,
    Path((process, id)): Path<(String, String)>,
    answer: Bytes,
) -> Result<StatusCode, StatusCode> {
    if answer.len() > MAX_PAYLOAD {
        let reason = format!("the response is over the limit of {MAX_PAYLOAD} bytes");
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

/// What a function says of an error of its own.
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

/// Passes the answer of a process on, if it is to the invocation that it has.
fn settle(api: &RuntimeApi, process: &str, id: Option<&str>, answer: Answer) -> Result<StatusCode, StatusCode> {
    let process = api.process(process)?;
    let mut current = lock(&process.current);
    if id.is_some() && current.as_ref().map(|(current, _)| current.as_str()) != id {
        return Err(StatusCode::BAD_REQUEST);
    }
    if let Some((_, receiver)) = current.take() {
        // Who asked may have given up.
        let _ = receiver.send(answer);
    }
    Ok(StatusCode::ACCEPTED)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
