//! WebSocket handshakes and open sockets.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::descriptions::check_frame;
use crate::wait::DEADLINE;
use crate::{ApiError, Browser, Stack, User};

/// A WebSocket handshake.
pub struct Handshake {
    url: Url,
    headers: Vec<(&'static str, String)>,
}

impl Handshake {
    /// Returns a handshake with neither parameters nor headers.
    pub fn new(stack: &Stack) -> Self {
        Self { url: stack.websocket.parse().unwrap(), headers: Vec::new() }
    }

    /// Returns a handshake that names this user, without credentials.
    pub fn naming(stack: &Stack, user: &User) -> Self {
        Self::new(stack).query("userId", &user.id).query("name", &user.name)
    }

    /// Returns a handshake of this user with a ticket from this browser.
    pub async fn with_ticket(stack: &Stack, user: &User, browser: &Browser) -> Self {
        let ticket = browser.post_empty("/api/socketTicket").await.expect(200);
        Self::naming(stack, user).query("ticket", ticket["ticket"].as_str().unwrap())
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Changes the path.
    pub fn path(mut self, path: &str) -> Self {
        self.url.set_path(path);
        self
    }

    /// Connects to this address instead, such as that of a proxy.
    pub fn through(mut self, address: SocketAddr) -> Self {
        self.url.set_ip_host(address.ip()).unwrap();
        self.url.set_port(Some(address.port())).unwrap();
        self
    }

    /// Opens the socket, or returns the status of the refusal.
    pub async fn attempt(self) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, u16> {
        let mut request = self.url.as_str().into_client_request().unwrap();
        for (name, value) in self.headers {
            request.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(stream),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{}: {error}", self.url),
        }
    }

    /// Opens a socket that must not be refused.
    pub async fn open(self) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        self.attempt().await.unwrap_or_else(|status| panic!("the socket was refused with {status}"))
    }

    /// Returns the status of the refusal. The handshake must be refused.
    pub async fn refusal(self) -> u16 {
        self.attempt().await.err().unwrap_or_else(|| panic!("the socket opened"))
    }
}

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Opens a socket with this handshake.
    pub async fn open_with(handshake: Handshake) -> Self {
        Self { stream: handshake.open().await }
    }

    /// Opens a socket of this user from the browser that they signed up with.
    pub async fn open(stack: &Stack, user: &User) -> Self {
        Self::open_from(stack, user, &user.browser).await
    }

    /// Opens a socket of this user from one of their browsers.
    pub async fn open_from(stack: &Stack, user: &User, browser: &Browser) -> Self {
        Self { stream: Handshake::with_ticket(stack, user, browser).await.open().await }
    }

    /// Opens a socket of a native client of this user, from the browser that they signed up with.
    pub async fn open_native(stack: &Stack, user: &User) -> Self {
        Self::open_native_from(stack, user, &user.browser).await
    }

    /// Opens a socket of a native client of this user, from one of their browsers.
    pub async fn open_native_from(stack: &Stack, user: &User, browser: &Browser) -> Self {
        Self { stream: Handshake::with_ticket(stack, user, browser).await.query("v", "2").open().await }
    }

    /// Opens a socket of this user and joins this room.
    pub async fn in_room(stack: &Stack, user: &User, browser: &Browser, chat: &str) -> Self {
        let mut socket = Self::open_from(stack, user, browser).await;
        socket.join(chat).await;
        socket
    }

    /// Joins a room, and returns the acknowledgement.
    pub async fn join(&mut self, chat: &str) -> Value {
        self.send(json!({ "action": "join-chat-room", "chatId": chat, "ackId": 0 })).await;
        let ack = self.expect_event("ack").await;
        assert_eq!(ack["ackId"], 0);
        ack
    }

    /// Sends a frame that matches the description.
    pub async fn send(&mut self, frame: Value) {
        check_frame("action", &frame);
        self.send_unchecked(frame).await;
    }

    /// Sends any JSON frame.
    pub async fn send_unchecked(&mut self, frame: Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    /// Sends any frame.
    pub async fn send_raw(&mut self, frame: Message) {
        self.stream.send(frame).await.unwrap();
    }

    /// Waits for the next frame for as long as it takes. Returns `None` if the socket is closed.
    pub async fn receive(&mut self) -> Option<Value> {
        loop {
            match self.next().await {
                Frame::Text(frame) => return Some(frame),
                Frame::Close(_) => return None,
                Frame::Nothing(_) => {}
            }
        }
    }

    /// Returns the next frame, which must be this event.
    pub async fn expect_event(&mut self, event: &str) -> Value {
        match self.next().await {
            Frame::Text(frame) if frame["event"] == event => frame,
            other => panic!("expected {event}, received {other:?}"),
        }
    }

    /// Returns the entry in the next frame, which must announce one of this chat.
    pub async fn expect_entry(&mut self, chat: &str) -> Value {
        let frame = self.expect_event("entry").await;
        assert_eq!(frame["chatId"], chat);
        frame["entry"].clone()
    }

    /// Returns the next frame, which must be an error of this action with this status.
    pub async fn expect_error(&mut self, action: impl Into<Option<&str>>, status: u16) -> ApiError {
        let frame = self.expect_event("error").await;
        let error = ApiError::read(&frame);
        let mut expected = json!({ "event": "error", "status": status, "code": error.code, "message": error.message });
        if let Some(action) = action.into() {
            expected["action"] = action.into();
        }
        assert_eq!(frame, expected);
        error
    }

    /// Checks that the next frame is an error of this action with this status and code.
    pub async fn expect_code(&mut self, action: impl Into<Option<&str>>, status: u16, code: &str) {
        assert_eq!(self.expect_error(action, status).await.code, code);
    }

    /// Waits for the close frame and returns its code, if any. No other frame may arrive first.
    pub async fn expect_close(&mut self) -> Option<u16> {
        match self.next().await {
            Frame::Close(code) => code,
            other => panic!("expected a close frame, received {other:?}"),
        }
    }

    /// Checks that the socket is open and has received nothing.
    pub async fn expect_silence(&mut self) {
        self.send_unchecked(json!({ "action": "nothing" })).await;
        self.expect_error("nothing", 404).await;
    }

    /// Closes the socket.
    pub async fn close(mut self) {
        self.stream.close(None).await.unwrap();
    }

    async fn next(&mut self) -> Frame {
        loop {
            let Ok(frame) = timeout(DEADLINE, self.stream.next()).await else { return Frame::Nothing(DEADLINE) };
            match frame {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text).unwrap();
                    check_frame("event", &frame);
                    return Frame::Text(frame);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(frame))) => return Frame::Close(frame.map(|frame| frame.code.into())),
                Some(Ok(other)) => panic!("the gateway sent {other:?}"),
                Some(Err(_)) | None => return Frame::Close(None),
            }
        }
    }
}

/// A frame, or its absence.
#[derive(Debug)]
enum Frame {
    Text(Value),
    Close(Option<u16>),
    Nothing(#[expect(dead_code, reason = "shown when a test fails")] Duration),
}
