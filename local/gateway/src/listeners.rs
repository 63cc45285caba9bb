//! The ports of the gateway.

use std::io;

use axum::serve::{ListenerExt, TapIo};
use tokio::net::{TcpListener, TcpStream};

use crate::error::Error;

/// The bound ports of both APIs, on the loopback interface.
///
/// They are bound before anything else starts, so that a port in use is reported at once and
/// functions' settings can refer to the ports.
#[derive(Debug)]
pub struct Listeners {
    pub(crate) http: TcpListener,
    pub(crate) websocket: TcpListener,
    http_port: u16,
    websocket_port: u16,
}

impl Listeners {
    /// Binds `port` for the HTTP API and the next port for the WebSocket API. 0 picks two free
    /// ports.
    ///
    /// # Errors
    /// Returns an error if one of them is in use or cannot be opened.
    pub async fn bind(port: u16) -> Result<Self, Error> {
        let next = match port {
            0 => 0,
            port => port.checked_add(1).ok_or(Error::NoPortAbove(port))?,
        };
        let (http, http_port) = bind(port).await?;
        let (websocket, websocket_port) = bind(next).await?;
        Ok(Self { http, websocket, http_port, websocket_port })
    }

    /// Returns the port of the HTTP API.
    pub fn http_port(&self) -> u16 {
        self.http_port
    }

    /// Returns the port of the WebSocket API.
    pub fn websocket_port(&self) -> u16 {
        self.websocket_port
    }
}

/// Binds a port. Returns the listener and its port. 0 picks a free port.
pub(crate) async fn bind(port: u16) -> Result<(TcpListener, u16), Error> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortInUse(port),
        _ => Error::Port { port, source },
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

/// A listener whose connections send every packet at once. Otherwise, the end of a long message waits
/// 40 ms until the client has acknowledged what came before (Nagle's algorithm).
pub(crate) type Prompt = TapIo<TcpListener, fn(&mut TcpStream)>;

/// Makes the connections of a listener send every packet at once.
pub(crate) fn prompt(listener: TcpListener) -> Prompt {
    listener.tap_io(|stream| drop(stream.set_nodelay(true)))
}
