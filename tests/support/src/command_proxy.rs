//! A proxy in front of a database that does something at the n-th command.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// The opcode of messages that carry a command
/// (<https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/>).
const OP_MSG: u32 = 2013;

/// The size of the header that each message begins with: its length, its id, the id of the message
/// that it answers, and its opcode, of 4 bytes each.
const HEADER: usize = 16;

/// The position of the command's name: after the header come flags (4 bytes), the kind of the section
/// (1), the length of the document (4) and the type of its first element (1).
const NAME: usize = 26;

/// Commands that a driver sends on its own behalf.
const HOUSEKEEPING: [&[u8]; 5] = [b"hello", b"ismaster", b"isMaster", b"ping", b"endSessions"];

/// The moment at which a trap strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The command is not forwarded.
    Before,
    /// The database has executed the command, but its reply is not forwarded.
    After,
}

/// An action at the n-th command from now on.
struct Trap {
    /// The number of commands until the one that triggers the action.
    remaining: usize,
    moment: Moment,
    action: Box<dyn FnOnce() + Send>,
}

/// A proxy in front of a database. It runs on its own threads.
pub struct CommandProxy {
    /// The address that it listens on.
    pub address: SocketAddr,
    trap: Arc<Mutex<Option<Trap>>>,
}

impl CommandProxy {
    /// Starts a proxy in front of this database.
    pub fn start_before(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let trap = Arc::new(Mutex::new(None));
        let accepting = Arc::clone(&trap);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let trap = Arc::clone(&accepting);
                // A connection ends when either side closes it.
                thread::spawn(move || drop(serve(&client, database, trap)));
            }
        });
        Self { address, trap }
    }

    /// Calls `action` at the n-th command from now on, counted from 1.
    pub fn set_trap(&self, number: usize, moment: Moment, action: impl FnOnce() + Send + 'static) {
        *lock(&self.trap) = Some(Trap { remaining: number, moment, action: Box::new(action) });
    }

    /// Removes the trap. Returns whether it had struck.
    pub fn remove_trap(&self) -> bool {
        lock(&self.trap).take().is_none()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// Forwards one connection, message by message.
fn serve(client: &TcpStream, database: SocketAddr, trap: Arc<Mutex<Option<Trap>>>) -> io::Result<()> {
    let server = TcpStream::connect(database)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    // The command whose reply triggers the action, with the action.
    let awaited: Arc<Mutex<Option<(u32, Trap)>>> = Arc::default();
    let (replies, to_client, sent) = (server.try_clone()?, client.try_clone()?, Arc::clone(&awaited));
    thread::spawn(move || {
        let _ = forward_replies(&replies, &to_client, &sent);
        let _ = (replies.shutdown(Shutdown::Both), to_client.shutdown(Shutdown::Both));
    });
    let result = forward_commands(client, &server, &trap, &awaited);
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
    result
}

fn forward_commands(
    mut client: &TcpStream,
    mut server: &TcpStream,
    trap: &Mutex<Option<Trap>>,
    awaited: &Mutex<Option<(u32, Trap)>>,
) -> io::Result<()> {
    loop {
        let message = read_message(&mut client)?;
        if is_command(&message)
            && let Some(trap) = count(trap)
        {
            match trap.moment {
                Moment::Before => {
                    (trap.action)();
                    // Whoever sent it is not to send it again over this connection.
                    return Ok(());
                }
                Moment::After => *lock(awaited) = Some((field(&message, 1), trap)),
            }
        }
        server.write_all(&message)?;
    }
}

fn forward_replies(
    mut server: &TcpStream,
    mut client: &TcpStream,
    awaited: &Mutex<Option<(u32, Trap)>>,
) -> io::Result<()> {
    loop {
        let message = read_message(&mut server)?;
        let answered = lock(awaited).take_if(|(id, _)| *id == field(&message, 2));
        if let Some((_, trap)) = answered {
            (trap.action)();
            return Ok(());
        }
        client.write_all(&message)?;
    }
}

/// Counts a command. Returns the trap if this is the command that it waits for.
fn count(trap: &Mutex<Option<Trap>>) -> Option<Trap> {
    lock(trap).take_if(|trap| {
        trap.remaining -= 1;
        trap.remaining == 0
    })
}

fn read_message(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut message = vec![0; HEADER];
    stream.read_exact(&mut message)?;
    message.resize(field(&message, 0) as usize, 0);
    stream.read_exact(&mut message[HEADER..])?;
    Ok(message)
}

/// Returns a field of the header.
fn field(message: &[u8], number: usize) -> u32 {
    u32::from_le_bytes(message[4 * number..4 * number + 4].try_into().unwrap())
}

fn is_command(message: &[u8]) -> bool {
    let name = message.get(NAME..).and_then(|rest| rest.split(|byte| *byte == 0).next());
    field(message, 3) == OP_MSG && name.is_some_and(|name| !HOUSEKEEPING.contains(&name))
}
