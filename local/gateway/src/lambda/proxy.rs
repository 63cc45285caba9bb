//! A proxy between one process and a server, whose connections can be made to die silently.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// The number of bytes that are forwarded at a time.
const CHUNK: usize = 16 * 1024;

/// Sees the bytes that one connection carries to the server, before the server does.
pub(super) type Observer = Box<dyn FnMut(&[u8]) + Send>;

/// A running proxy. Dropping it closes its connections.
pub(super) struct Proxy {
    address: SocketAddr,
    /// Changes whenever all connections die.
    deaths: watch::Sender<()>,
    server: AbortHandle,
}

impl Proxy {
    /// Opens a proxy to the server at `target`, a host and a port. `observe` is called for each
    /// connection.
    pub(super) async fn open(
        target: String,
        observe: impl Fn() -> Observer + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (deaths, _) = watch::channel(());
        let server = tokio::spawn(serve(listener, target, observe, deaths.clone())).abort_handle();
        Ok(Self { address, deaths, server })
    }

    /// Returns its own address.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets all connections die without a sign, as a router that forgets them does: neither side is
    /// told, and nothing that the process sends arrives or is answered. New connections work.
    pub(super) fn sever(&self) {
        self.deaths.send_replace(());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(
    listener: TcpListener,
    target: String,
    observe: impl Fn() -> Observer + Send + Sync + 'static,
    deaths: watch::Sender<()>,
) {
    let target = Arc::new(target);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((process, _)) => {
                    let (target, observer, death) = (Arc::clone(&target), observe(), deaths.subscribe());
                    // Forwarding ends when either side closes its connection.
                    connections.spawn(async move { drop(forward(process, &target, observer, death).await) });
                }
                Err(_) => return,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn forward(
    process: TcpStream,
    target: &str,
    mut observe: Observer,
    mut death: watch::Receiver<()>,
) -> io::Result<()> {
    let server = TcpStream::connect(target).await?;
    process.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_process, mut to_process) = process.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let requests = async {
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = from_process.read(&mut chunk).await?;
            if length == 0 {
                return Ok(());
            }
            observe(&chunk[..length]);
            to_server.write_all(&chunk[..length]).await?;
        }
    };
    let replies = async { tokio::io::copy(&mut from_server, &mut to_process).await.map(drop) };
    tokio::select! {
        // First, so that nothing passes after the death.
        biased;
        _ = death.changed() => {}
        result = requests => return result,
        result = replies => return result,
    }
    drop((from_server, to_server));
    tokio::io::copy(&mut from_process, &mut tokio::io::sink()).await.map(drop)
}
