//! Sockets, and the events about them that `probe` recorded.

use std::fs;

use futures_util::{SinkExt, StreamExt};
use reqwest::Url;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as RawFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::gateway::Gateway;
use super::unique;
use super::wait::{DEADLINE, eventually};

/// The largest frame that a client accepts, in bytes. API Gateway sends no larger ones.
const MAX_FRAME: usize = 32 * 1024;

/// Returns the recorded events of this type (`CONNECT`, `MESSAGE` or `DISCONNECT`) about a socket,
/// in order.
pub(crate) fn socket_events(gateway: &Gateway, agent: &str, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(gateway.events.join(agent)).unwrap_or_default();
    // A line that is still being written has no line break yet.
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let events = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["requestContext"]["eventType"] == kind).collect()
}

/// An attempt to open a socket.
pub(crate) struct Handshake<'a> {
    gateway: &'a Gateway,
    agent: String,
    url: Url,
    headers: Vec<(&'static str, String)>,
}

impl<'a> Handshake<'a> {
    /// Creates a handshake with a unique user agent.
    pub(crate) fn new(gateway: &'a Gateway) -> Self {
        Self { gateway, agent: unique("agent-"), url: gateway.websocket().parse().unwrap(), headers: Vec::new() }
    }

    /// Creates a handshake with an instruction for the function of `$connect`.
    pub(crate) fn instructing(gateway: &'a Gateway, instruction: &Value) -> Self {
        Self::new(gateway).header("x-do", &instruction.to_string())
    }

    /// Returns its user agent.
    pub(crate) fn agent(&self) -> &str {
        &self.agent
    }

    /// Adds a query.
    pub(crate) fn query(mut self, query: &str) -> Self {
        self.url.set_query(Some(query));
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Changes the path.
    pub(crate) fn path(mut self, path: &str) -> Self {
        self.url.set_path(path);
        self
    }

    /// Opens the socket.
    pub(crate) async fn open(self) -> Socket<'a> {
        let (gateway, agent) = (self.gateway, self.agent.clone());
        match self.attempt().await {
            Ok(stream) => Socket { stream, gateway, agent },
            Err(status) => panic!("the socket was refused with {status}:\n{}", gateway.output),
        }
    }

    /// Returns the status with which the handshake is refused.
    pub(crate) async fn refusal(self) -> u16 {
        self.attempt().await.err().unwrap_or_else(|| panic!("the socket is open"))
    }

    async fn attempt(self) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, u16> {
        let mut request = self.url.as_str().into_client_request().unwrap();
        for (name, value) in [("user-agent", self.agent)].into_iter().chain(self.headers) {
            request.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
        }
        let config = WebSocketConfig::default().max_frame_size(Some(MAX_FRAME));
        match connect_async_with_config(request, Some(config), false).await {
            Ok((stream, _)) => Ok(stream),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{} fails: {error}", self.url),
        }
    }
}

/// An open socket.
pub(crate) struct Socket<'a> {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    gateway: &'a Gateway,
    agent: String,
}

impl<'a> Socket<'a> {
    /// Opens a socket without an instruction.
    pub(crate) async fn open(gateway: &'a Gateway) -> Self {
        Handshake::new(gateway).open().await
    }

    /// Returns its user agent.
    pub(crate) fn agent(&self) -> &str {
        &self.agent
    }

    /// Returns its connection id.
    pub(crate) async fn id(&self) -> String {
        self.event("CONNECT").await["requestContext"]["connectionId"].as_str().unwrap().to_owned()
    }

    /// Waits for the first event of this type about the socket.
    pub(crate) async fn event(&self, kind: &str) -> Value {
        self.events(kind, 1).await.remove(0)
    }

    /// Waits for this many events of this type about the socket.
    pub(crate) async fn events(&self, kind: &str, count: usize) -> Vec<Value> {
        let events = || socket_events(self.gateway, &self.agent, kind);
        eventually(&format!("there are {count} {kind} events of {}", self.agent), async || events().len() >= count)
            .await;
        events()
    }

    /// Sends a text frame.
    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.send_raw(Message::text(text.into())).await;
    }

    /// Sends a message in frames of these sizes.
    pub(crate) async fn send_in_frames(&mut self, sizes: &[usize]) {
        for (index, size) in sizes.iter().enumerate() {
            let kind = if index == 0 { Data::Text } else { Data::Continue };
            let frame = RawFrame::message("x".repeat(*size), OpCode::Data(kind), index + 1 == sizes.len());
            self.send_raw(Message::Frame(frame)).await;
        }
    }

    /// Sends any frame.
    pub(crate) async fn send_raw(&mut self, frame: Message) {
        self.stream.send(frame).await.unwrap();
    }

    /// Returns the next frame.
    pub(crate) async fn next(&mut self) -> Frame {
        loop {
            let frame = timeout(DEADLINE * 2, self.stream.next()).await.unwrap_or_else(|_| panic!("no frame arrived"));
            match frame {
                Some(Ok(Message::Text(text))) => return Frame::Text(text.as_str().to_owned()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(Some(frame)))) => return Frame::Close(frame.code.into()),
                other => return Frame::Lost(format!("{other:?}")),
            }
        }
    }

    /// Returns the next frame, which must be JSON.
    pub(crate) async fn next_json(&mut self) -> Value {
        match self.next().await {
            Frame::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?} is not text:\n{}", self.gateway.output),
        }
    }

    /// Asserts that the socket is open and has received nothing.
    pub(crate) async fn expect_silence(&mut self) {
        self.send(r#"{"do":{"post":"still here"}}"#).await;
        assert_eq!(self.next().await, Frame::Text("still here".to_owned()));
    }

    /// Closes the socket and waits until the gateway has closed it too.
    pub(crate) async fn close(&mut self, frame: Option<CloseFrame>) {
        self.stream.close(frame).await.unwrap();
        while let Some(Ok(_)) = self.stream.next().await {}
    }
}

/// A frame from the gateway.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    /// The gateway closed the socket with this code.
    Close(u16),
    /// Something else, or the end of the connection.
    Lost(String),
}
