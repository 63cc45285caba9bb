//! Sockets.

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

use super::browser::Browser;
use super::described::check_frame;
use super::people::User;
use super::stack::Stack;
use super::wait::DEADLINE;

/// An attempt to open a socket.
pub(crate) struct Handshake {
    url: Url,
    headers: Vec<(&'static str, String)>,
}

impl Handshake {
    /// One with neither parameters nor headers.
    pub(crate) fn to(stack: &Stack) -> Self {
        Self { url: stack.websocket.parse().unwrap(), headers: Vec::new() }
    }

    /// One of this user, who has yet to prove it.
    pub(crate) fn of(stack: &Stack, user: &User) -> Self {
        Self::to(stack).query("userId", &user.id).query("name", &user.name)
    }

    /// One of this user with a ticket for this browser.
    pub(crate) async fn with_ticket(stack: &Stack, user: &User, browser: &Browser) -> Self {
        let ticket = browser.post_empty("/api/socketTicket").await.expect(200);
        Self::of(stack, user).query("ticket", ticket["ticket"].as_str().unwrap())
    }

    /// With a query parameter.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// To another path.
    pub(crate) fn path(mut self, path: &str) -> Self {
        self.url.set_path(path);
        self
    }

    /// Opens the socket, or gives the status of the refusal.
    pub(crate) async fn attempt(self) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, u16> {
        let mut request = self.url.as_str().into_client_request().unwrap();
        for (name, value) in self.headers {
            request.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(stream),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{} fails: {error}", self.url),
        }
    }

    /// Opens a socket that has to be let in.
    pub(crate) async fn open(self) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        self.attempt().await.unwrap_or_else(|status| panic!("the socket is refused with {status}"))
    }

    /// The status that refuses it.
    pub(crate) async fn refusal(self) -> u16 {
        self.attempt().await.err().unwrap_or_else(|| panic!("the socket is open"))
    }
}

/// An open socket.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// A socket of this user, opened from the browser that they signed up with.
    pub(crate) async fn open(stack: &Stack, user: &User) -> Self {
        Self::open_from(stack, user, &user.browser).await
    }

    /// A socket of this user, opened from one of their browsers.
    pub(crate) async fn open_from(stack: &Stack, user: &User, browser: &Browser) -> Self {
        Self { stream: Handshake::with_ticket(stack, user, browser).await.open().await }
    }

    /// A socket of this user that is in this room.
    pub(crate) async fn in_room(stack: &Stack, user: &User, browser: &Browser, chat: &str) -> Self {
        let mut socket = Self::open_from(stack, user, browser).await;
        socket.join(chat).await;
        socket
    }

    /// Joins a room.
    pub(crate) async fn join(&mut self, chat: &str) {
        self.send(json!({ "action": "join-chat-room", "chatId": chat, "ackId": 0 })).await;
        assert_eq!(self.expect_event("ack").await["ackId"], 0);
    }

    /// Sends a frame of a client that keeps to the description.
    pub(crate) async fn send(&mut self, frame: Value) {
        check_frame("action", &frame);
        self.send_odd(frame).await;
    }

    /// Sends a JSON frame that no such client sends.
    pub(crate) async fn send_odd(&mut self, frame: Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    /// Sends a frame of any kind.
    pub(crate) async fn send_raw(&mut self, frame: Message) {
        self.stream.send(frame).await.unwrap();
    }

    /// The next frame, which has to be this event.
    pub(crate) async fn expect_event(&mut self, event: &str) -> Value {
        match self.next().await {
            Frame::Text(frame) if frame["event"] == event => frame,
            other => panic!("instead of {event} comes {other:?}"),
        }
    }

    /// The message of the next frame, which has to be the error of this action.
    pub(crate) async fn expect_error(&mut self, action: impl Into<Option<&str>>, status: u16) -> String {
        let frame = self.expect_event("error").await;
        let message = frame["message"].as_str().unwrap_or_default().to_owned();
        let mut expected = json!({ "event": "error", "status": status, "code": frame["code"], "message": message });
        if let Some(action) = action.into() {
            expected["action"] = action.into();
        }
        assert_eq!(frame, expected);
        assert!(!message.is_empty(), "{frame} says nothing");
        message
    }

    /// The code that the gateway closes it with, if there is one. Nothing else may come before.
    pub(crate) async fn expect_close(&mut self) -> Option<u16> {
        match self.next().await {
            Frame::Close(code) => code,
            other => panic!("instead of the end comes {other:?}"),
        }
    }

    /// Checks that it is open and that nothing came in.
    pub(crate) async fn expect_silence(&mut self) {
        self.send_odd(json!({ "action": "nothing" })).await;
        self.expect_error("nothing", 404).await;
    }

    /// Closes it.
    pub(crate) async fn close(mut self) {
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
                Some(Ok(other)) => panic!("the gateway sends {other:?}"),
                Some(Err(_)) | None => return Frame::Close(None),
            }
        }
    }
}

/// What comes over a socket.
#[derive(Debug)]
enum Frame {
    Text(Value),
    Close(Option<u16>),
    Nothing(#[expect(dead_code, reason = "for the message of a failure")] Duration),
}
