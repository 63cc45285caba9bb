//! A proxy that counts the commands that a process sends to its database.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::proxy::{Observer, Proxy};

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
        let commands = Arc::new(AtomicU64::new(0));
        let (counted, tap) = (Arc::clone(&commands), self.clone());
        let observe = move || -> Observer {
            let (mut counter, commands) = ((tap.new_counter)(), Arc::clone(&counted));
            Box::new(move |bytes| {
                commands.fetch_add(counter.count(bytes), Ordering::Relaxed);
            })
        };
        Ok(OpenTap { proxy: Proxy::open(self.address.clone(), observe).await?, commands })
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tap").field("variable", &self.variable).finish_non_exhaustive()
    }
}

/// The proxy of one process. Dropping it closes its connections.
pub(super) struct OpenTap {
    pub(super) proxy: Proxy,
    commands: Arc<AtomicU64>,
}

impl OpenTap {
    /// Returns the number of commands so far.
    pub(super) fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

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
        let mut first = TcpStream::connect(tap.proxy.address()).await.unwrap();
        let mut second = TcpStream::connect(tap.proxy.address()).await.unwrap();

        assert_eq!(exchange(&mut first, "one\ntwo\nthr").await, "one\ntwo\nthr");
        assert_eq!(tap.commands(), 2);
        assert_eq!(exchange(&mut first, "ee\n").await, "ee\n");
        assert_eq!(exchange(&mut second, "four\n").await, "four\n");

        assert_eq!(tap.commands(), 4);
    }

    #[tokio::test]
    async fn dropping_a_tap_closes_its_connections() {
        let tap = Tap::new("DATABASE_URL", echo_server().await.to_string(), || Lines).open().await.unwrap();
        let mut stream = TcpStream::connect(tap.proxy.address()).await.unwrap();
        exchange(&mut stream, "one\n").await;

        drop(tap);

        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_severed_connection_stays_open_but_carries_nothing() {
        let tap = Tap::new("DATABASE_URL", echo_server().await.to_string(), || Lines).open().await.unwrap();
        let mut severed = TcpStream::connect(tap.proxy.address()).await.unwrap();
        exchange(&mut severed, "one\n").await;

        tap.proxy.sever();

        severed.write_all(b"lost\n").await.unwrap();
        let mut new = TcpStream::connect(tap.proxy.address()).await.unwrap();
        assert_eq!(exchange(&mut new, "two\n").await, "two\n");
        let silence = tokio::time::timeout(std::time::Duration::from_millis(200), severed.read(&mut [0])).await;
        assert!(silence.is_err(), "{silence:?}");
        assert_eq!(tap.commands(), 2);
    }
}
