//! Counts the commands that one process sends to its database, by standing in between.
//!
//! What a command is and where its name stands: <https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/>.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// The opcode of messages that carry a command.
const OP_MSG: i32 = 2013;

/// The largest message that MongoDB takes.
const MAX_MESSAGE: usize = 48_000_000;

/// What a driver sends on its own behalf, to know the server and to sign in.
const HOUSEKEEPING: [&[u8]; 7] =
    [b"hello", b"ismaster", b"isMaster", b"ping", b"endSessions", b"saslStart", b"saslContinue"];

/// A way to the database for one process. Dropping it closes the way.
pub(super) struct Tap {
    /// Where the process finds the database.
    pub(super) address: SocketAddr,
    commands: Arc<AtomicU64>,
    server: AbortHandle,
}

impl Tap {
    /// Opens one to the database at `database`, a host and a port.
    pub(super) async fn open(database: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let commands = Arc::new(AtomicU64::new(0));
        let server = tokio::spawn(serve(listener, database.to_owned(), Arc::clone(&commands))).abort_handle();
        Ok(Self { address, commands, server })
    }

    /// How many commands went through so far.
    pub(super) fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, database: String, commands: Arc<AtomicU64>) {
    while let Ok((process, _)) = listener.accept().await {
        let (database, commands) = (database.clone(), Arc::clone(&commands));
        // It ends when either side closes its connection, as that of a process does that is killed.
        tokio::spawn(async move { drop(join(process, &database, &commands).await) });
    }
}

async fn join(process: TcpStream, database: &str, commands: &AtomicU64) -> io::Result<()> {
    let database = TcpStream::connect(database).await?;
    process.set_nodelay(true)?;
    database.set_nodelay(true)?;
    let (mut from_process, mut to_process) = process.into_split();
    let (mut from_database, mut to_database) = database.into_split();
    let requests = async {
        while let Some(message) = read_message(&mut from_process).await? {
            if command(&message).is_some_and(|name| !HOUSEKEEPING.contains(&name)) {
                commands.fetch_add(1, Ordering::Relaxed);
            }
            to_database.write_all(&message).await?;
        }
        Ok(())
    };
    let replies = async { tokio::io::copy(&mut from_database, &mut to_process).await.map(drop) };
    tokio::select! {
        ended = requests => ended,
        ended = replies => ended,
    }
}

/// The next message with its head, or nothing at the end.
async fn read_message(stream: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    };
    let bytes = usize::try_from(i32::from_le_bytes(length)).ok().filter(|bytes| (16..=MAX_MESSAGE).contains(bytes));
    let mut message = vec![0; bytes.ok_or(io::ErrorKind::InvalidData)?];
    message[..4].copy_from_slice(&length);
    stream.read_exact(&mut message[4..]).await?;
    Ok(Some(message))
}

/// The name of the command in a message: the first key of its first section, which holds the command.
fn command(message: &[u8]) -> Option<&[u8]> {
    const OPCODE: usize = 12;
    /// Behind the head of 16 bytes: flags (4), the section's kind (1), the document's length (4), the first element's type (1).
    const FIRST_KEY: usize = 26;
    let opcode = message.get(OPCODE..OPCODE + 4)?.try_into().ok()?;
    if i32::from_le_bytes(opcode) != OP_MSG {
        return None;
    }
    message.get(FIRST_KEY..)?.split(|byte| *byte == 0).next()
}
