//! A proxy that counts the commands that a process sends to its database.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// The number of bytes that are forwarded at a time.
const CHUNK: usize = 16 * 1024;

/// Counts the commands in the bytes that one connection carries to a database.
pub trait CountCommands: Send {
    /// Consumes the next bytes and returns the number of commands that they complete.
    fn count(&mut self, bytes: &[u8]) -> u64;
}

/// A tap on the connections from functions to their database, which counts commands.
///
/// Each process gets its own proxy, whose address replaces the database's in an environment
/// variable. Each invocation's report at `/_local/activity` includes the number of commands.
#[derive(Clone)]
pub struct Tap {
    pub(super) variable: String,
    pub(super) address: String,
    new_counter: Arc<dyn Fn() -> Box<dyn CountCommands> + Send + Sync>,
}

impl Tap {
    /// Creates a tap on connections to `address`, a host and a port exactly as they occur in the
    /// environment variable `variable`. `new_counter` is called for each connection.
    pub fn new<C: CountCommands + 'static>(
        variable: impl Into<String>,
        address: impl Into<String>,
        new_counter: impl Fn() -> C + Send + Sync + 'static,
    ) -> Self {
        Self {
            variable: variable.into(),
            address: address.into(),
            new_counter: Arc::new(move || Box::new(new_counter())),
        }
    }

    /// Opens a proxy for one process.
    pub(super) async fn open(&self) -> io::Result<OpenTap> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let commands = Arc::new(AtomicU64::new(0));
        let server = tokio::spawn(serve(listener, self.clone(), Arc::clone(&commands))).abort_handle();
        Ok(OpenTap { address, commands, server })
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tap").field("variable", &self.variable).finish_non_exhaustive()
    }
}

/// The proxy of one process. Dropping it closes its connections.
pub(super) struct OpenTap {
    address: SocketAddr,
    commands: Arc<AtomicU64>,
    server: AbortHandle,
}

impl OpenTap {
    /// Returns the address of the proxy.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of commands so far.
    pub(super) fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }
}

impl Drop for OpenTap {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, tap: Tap, commands: Arc<AtomicU64>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((process, _)) => {
                    let (tap, commands) = (tap.clone(), Arc::clone(&commands));
                    // Forwarding ends when either side closes its connection.
                    connections.spawn(async move { drop(forward(process, &tap, &commands).await) });
                }
                Err(_) => return,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn forward(process: TcpStream, tap: &Tap, commands: &AtomicU64) -> io::Result<()> {
    let database = TcpStream::connect(&tap.address).await?;
    process.set_nodelay(true)?;
    database.set_nodelay(true)?;
    let (mut from_process, mut to_process) = process.into_split();
    let (mut from_database, mut to_database) = database.into_split();
    let mut counter = (tap.new_counter)();
    let requests = async {
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = from_process.read(&mut chunk).await?;
            if length == 0 {
                return Ok(());
            }
            // Count before sending, so that a command is counted by the time the function has its
            // reply.
            commands.fetch_add(counter.count(&chunk[..length]), Ordering::Relaxed);
            to_database.write_all(&chunk[..length]).await?;
        }
    };
    let replies = async { tokio::io::copy(&mut from_database, &mut to_process).await.map(drop) };
    tokio::select! {
        result = requests => result,
        result = replies => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts each line as a command.
    struct Lines;

    impl CountCommands for Lines {
        fn count(&mut self, bytes: &[u8]) -> u64 {
            bytes.split(|byte| *byte == b'\n').skip(1).count().try_into().unwrap()
        }
    }

    async fn echo_server() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        address
    }

    async fn exchange(stream: &mut TcpStream, text: &str) -> String {
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut reply = vec![0; text.len()];
        stream.read_exact(&mut reply).await.unwrap();
        String::from_utf8(reply).unwrap()
    }

    #[tokio::test]
    async fn commands_of_all_connections_are_counted_and_pass_unchanged() {
        let tap = Tap::new("DATABASE_URL", echo_server().await.to_string(), || Lines).open().await.unwrap();
        let mut first = TcpStream::connect(tap.address()).await.unwrap();
        let mut second = TcpStream::connect(tap.address()).await.unwrap();

        assert_eq!(exchange(&mut first, "one\ntwo\nthr").await, "one\ntwo\nthr");
        assert_eq!(tap.commands(), 2);
        assert_eq!(exchange(&mut first, "ee\n").await, "ee\n");
        assert_eq!(exchange(&mut second, "four\n").await, "four\n");

        assert_eq!(tap.commands(), 4);
    }

    #[tokio::test]
    async fn dropping_a_tap_closes_its_connections() {
        let tap = Tap::new("DATABASE_URL", echo_server().await.to_string(), || Lines).open().await.unwrap();
        let mut stream = TcpStream::connect(tap.address()).await.unwrap();
        exchange(&mut stream, "one\n").await;

        drop(tap);

        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
}
