//! One open socket, with the limits that API Gateway sets
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::Error as SocketError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};

use super::WebSocketApi;
use super::event::Context;
use crate::clock::Now;

const MAX_FRAME: usize = 32 * 1024;
const MAX_MESSAGE: usize = 128 * 1024;

/// How long a socket may live.
pub(super) struct Limits {
    idle: Duration,
    age: Duration,
}

impl Limits {
    /// API Gateway's ten minutes and two hours, both so many times shorter.
    pub(super) fn scaled(time_scale: u32) -> Self {
        Self { idle: Duration::from_secs(10 * 60) / time_scale, age: Duration::from_secs(2 * 60 * 60) / time_scale }
    }
}

/// So many messages wait for a client that does not read before posting to it is refused.
const OUTGOING: usize = 256;

/// So many frames of one client are handled at a time; it is not read from before one of them is done.
const PARALLEL_FRAMES: usize = 32;

/// How a socket was closed.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    pub(super) code: u16,
    pub(super) reason: String,
}

enum Outgoing {
    Text(String),
    Close,
}

/// What the rest of the gateway holds of a socket.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) context: Context,
    outgoing: mpsc::Sender<Outgoing>,
    last_active: Arc<Mutex<Now>>,
}

impl Handle {
    /// Queues a message for the client. False when the queue is full.
    pub(super) fn send(&self, text: String) -> bool {
        self.touch();
        // A closed queue is one whose client has just gone: what is sent to it is lost, as on AWS.
        !matches!(self.outgoing.try_send(Outgoing::Text(text)), Err(mpsc::error::TrySendError::Full(_)))
    }

    /// Closes the socket after what is queued, without waiting for it.
    pub(super) fn close(&self) {
        let outgoing = self.outgoing.clone();
        // If nobody listens it is closed.
        tokio::spawn(async move { drop(outgoing.send(Outgoing::Close).await) });
    }

    pub(super) fn last_active(&self) -> Now {
        *self.last_active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        *self.last_active.lock().unwrap_or_else(PoisonError::into_inner) = Now::get();
    }
}

/// Registers a socket whose handshake is being answered, and serves it once the client has switched over.
pub(super) fn open(api: WebSocketApi, context: Context, upgrade: OnUpgrade) {
    let (outgoing, queue) = mpsc::channel(OUTGOING);
    let handle = Handle { context: context.clone(), outgoing, last_active: Arc::new(Mutex::new(context.connected_at)) };
    api.sockets().insert(context.connection_id.clone(), handle.clone());
    tokio::spawn(async move {
        let closed = match upgrade.await {
            Ok(upgraded) => serve(&api, &handle, upgraded, queue).await,
            Err(_) => broken_off(),
        };
        api.disconnected(&context, closed).await;
    });
}

async fn serve(api: &WebSocketApi, handle: &Handle, upgraded: Upgraded, mut queue: mpsc::Receiver<Outgoing>) -> Closed {
    let config = WebSocketConfig::default()
        .max_frame_size(Some(MAX_FRAME))
        .max_message_size(Some(MAX_MESSAGE))
        .read_buffer_size(8 * 1024);
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let oldest = Instant::now() + api.0.limits.age;
    let mut idle = Instant::now() + api.0.limits.idle;
    let mut frames = JoinSet::new();
    let end = loop {
        tokio::select! {
            message = socket.next(), if frames.len() < PARALLEL_FRAMES => match message {
                Some(Ok(Message::Text(text))) => {
                    handle.touch();
                    let (api, context) = (api.clone(), handle.context.clone());
                    frames.spawn(async move { api.message(&context, text.as_str()).await });
                }
                Some(Ok(Message::Binary(_))) => break End::Here(CloseCode::Unsupported, "Binary is not supported"),
                Some(Ok(Message::Close(frame))) => break End::There(closed_by_client(frame)),
                Some(Ok(_)) => {}
                Some(Err(SocketError::Capacity(_))) => break End::Here(CloseCode::Size, "The message is too big"),
                Some(Err(_)) | None => break End::There(broken_off()),
            },
            Some(_) = frames.join_next() => continue,
            outgoing = queue.recv() => match outgoing {
                Some(Outgoing::Text(text)) => {
                    // A client that is gone is noticed by reading.
                    let _ = socket.send(Message::text(text)).await;
                }
                Some(Outgoing::Close) | None => break End::Here(CloseCode::Normal, "Connection Closed Normally"),
            },
            () = sleep_until(idle) => break End::Here(CloseCode::Away, "Going away"),
            () = sleep_until(oldest) => break End::Here(CloseCode::Away, "Going away"),
        }
        idle = Instant::now() + api.0.limits.idle;
    };
    // What was received is handled, whether or not its sender is still there.
    frames.detach_all();
    match end {
        End::There(closed) => closed,
        End::Here(code, reason) => {
            // The client may be gone already.
            let _ = socket.close(Some(CloseFrame { code, reason: reason.into() })).await;
            Closed { code: code.into(), reason: reason.to_owned() }
        }
    }
}

/// Who ends a socket.
enum End {
    Here(CloseCode, &'static str),
    There(Closed),
}

fn broken_off() -> Closed {
    Closed { code: 1006, reason: "Connection Closed Abnormally".to_owned() }
}

fn closed_by_client(frame: Option<CloseFrame>) -> Closed {
    match frame {
        Some(frame) => Closed { code: frame.code.into(), reason: frame.reason.as_str().to_owned() },
        None => Closed { code: 1005, reason: "Client-side close frame status not set".to_owned() },
    }
}
