//! One open socket, with the limits from "Quotas for configuring and running a WebSocket API in API
//! Gateway" (API Gateway Developer Guide).

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::Error as SocketError;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};

use super::connections::{Connection, Outgoing};
use super::context::Closed;
use super::routes::Routes;

const MAX_FRAME: usize = 32 * 1024;
const MAX_MESSAGE: usize = 128 * 1024;

/// The number of frames of one client that are handled at a time. Further frames are read as these
/// finish.
const PARALLEL_FRAMES: usize = 32;

/// The time limits of sockets.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    idle: Duration,
    age: Duration,
}

impl Limits {
    /// Returns API Gateway's idle timeout (10 minutes) and lifetime (2 hours), both divided by
    /// `time_scale`.
    pub(super) fn scaled(time_scale: u32) -> Self {
        Self { idle: Duration::from_secs(10 * 60) / time_scale, age: Duration::from_secs(2 * 60 * 60) / time_scale }
    }
}

/// Serves a socket from its protocol upgrade to its `$disconnect`.
pub(super) async fn serve(
    routes: Arc<Routes>,
    limits: Limits,
    connection: Connection,
    queue: mpsc::Receiver<Outgoing>,
    upgrade: OnUpgrade,
) {
    let mut frames = JoinSet::new();
    let closed = match upgrade.await {
        Ok(upgraded) => exchange(&routes, limits, &connection, upgraded, queue, &mut frames).await,
        Err(_) => closed_abnormally(),
    };
    // Received frames are handled even if their sender is gone.
    let remaining = async { while frames.join_next().await.is_some() {} };
    tokio::join!(routes.handle_disconnect(&connection.context, closed), remaining);
}

async fn exchange(
    routes: &Arc<Routes>,
    limits: Limits,
    connection: &Connection,
    upgraded: Upgraded,
    mut queue: mpsc::Receiver<Outgoing>,
    frames: &mut JoinSet<()>,
) -> Closed {
    let config = WebSocketConfig::default()
        .max_frame_size(Some(MAX_FRAME))
        .max_message_size(Some(MAX_MESSAGE))
        .read_buffer_size(8 * 1024);
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let oldest = Instant::now() + limits.age;
    let mut idle = Instant::now() + limits.idle;
    let end = loop {
        tokio::select! {
            message = socket.next(), if frames.len() < PARALLEL_FRAMES => match message {
                Some(Ok(Message::Text(text))) => {
                    connection.receive(text.len());
                    let (routes, context) = (Arc::clone(routes), Arc::clone(&connection.context));
                    frames.spawn(async move { routes.handle_frame(&context, text.as_str()).await });
                }
                Some(Ok(Message::Binary(_))) => break End::Gateway(CloseCode::Unsupported, "Binary is not supported"),
                Some(Ok(Message::Close(frame))) => break End::Client(closed_by_client(frame)),
                Some(Ok(_)) => {}
                Some(Err(SocketError::Capacity(_))) => break End::Gateway(CloseCode::Size, "The message is too big"),
                Some(Err(_)) | None => break End::Client(closed_abnormally()),
            },
            Some(_) = frames.join_next() => continue,
            outgoing = queue.recv() => match outgoing {
                Some(Outgoing::Text(text)) => {
                    for frame in frames_of(text) {
                        // If the client is gone, reading reports that.
                        let _ = socket.send(Message::Frame(frame)).await;
                    }
                }
                Some(Outgoing::Close) | None => break End::Gateway(CloseCode::Normal, "Connection Closed Normally"),
            },
            () = sleep_until(idle) => break End::Gateway(CloseCode::Away, "Going away"),
            () = sleep_until(oldest) => break End::Gateway(CloseCode::Away, "Going away"),
        }
        idle = Instant::now() + limits.idle;
    };
    match end {
        End::Client(closed) => closed,
        End::Gateway(code, reason) => {
            // The client may be gone already.
            let _ = socket.close(Some(CloseFrame { code, reason: reason.into() })).await;
            Closed { code: code.into(), reason: reason.to_owned() }
        }
    }
}

/// Splits a message into frames of the documented size.
fn frames_of(text: String) -> impl Iterator<Item = Frame> {
    let bytes = Bytes::from(text);
    let count = bytes.len().div_ceil(MAX_FRAME).max(1);
    (0..count).map(move |index| {
        let part = bytes.slice(index * MAX_FRAME..bytes.len().min((index + 1) * MAX_FRAME));
        let kind = if index == 0 { Data::Text } else { Data::Continue };
        Frame::message(part, OpCode::Data(kind), index + 1 == count)
    })
}

/// The side that ends a socket.
enum End {
    Gateway(CloseCode, &'static str),
    Client(Closed),
}

fn closed_abnormally() -> Closed {
    Closed { code: 1006, reason: "Connection Closed Abnormally".to_owned() }
}

fn closed_by_client(frame: Option<CloseFrame>) -> Closed {
    match frame {
        Some(frame) => Closed { code: frame.code.into(), reason: frame.reason.as_str().to_owned() },
        None => Closed { code: 1005, reason: "Client-side close frame status not set".to_owned() },
    }
}
