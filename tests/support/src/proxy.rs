//! A TCP proxy that fails on demand.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// The way in which the proxy treats connections and bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Forward,
    /// Accepts connections and forwards nothing.
    Hang,
    /// Closes every connection.
    Refuse,
}

/// A proxy in front of a server. It runs on its own threads, so that it works while a test blocks
/// on its stack.
pub struct Proxy {
    /// The address that it listens on.
    pub address: SocketAddr,
    line: Arc<Line>,
}

/// The peer that opened a connection, as a number that means something to the owner of the proxy.
pub(crate) type Source = usize;

/// Finds the source of a connection, if it can be cut.
type SourceOf = Box<dyn Fn(&TcpStream) -> Option<Source> + Send + Sync>;

struct Line {
    state: Mutex<State>,
    changed: Condvar,
    source_of: SourceOf,
}

struct State {
    mode: Mode,
    target: Option<SocketAddr>,
    open: Vec<TcpStream>,
    /// The sources whose bytes are held back.
    cut: HashSet<Source>,
    /// The number of connections so far, which numbers them.
    accepted: usize,
    /// The connections with smaller numbers are silent for ever.
    stranded: usize,
}

/// A connection through the proxy.
#[derive(Clone, Copy)]
struct Connection {
    number: usize,
    source: Option<Source>,
}

impl Proxy {
    /// Starts a proxy that refuses connections until it has a target.
    pub fn start() -> Self {
        Self::start_sorting(|_| None)
    }

    /// Starts a proxy whose connections can be cut by their source.
    pub(crate) fn start_sorting(source_of: impl Fn(&TcpStream) -> Option<Source> + Send + Sync + 'static) -> Self {
        let state = State {
            mode: Mode::Forward,
            target: None,
            open: Vec::new(),
            cut: HashSet::new(),
            accepted: 0,
            stranded: 0,
        };
        let (state, source_of) = (Mutex::new(state), Box::new(source_of));
        let line = Arc::new(Line { state, changed: Condvar::new(), source_of });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let line = Arc::clone(&accepting);
                thread::spawn(move || line.serve(client));
            }
        });
        Self { address, line }
    }

    /// Starts a proxy in front of this server.
    pub fn start_before(target: SocketAddr) -> Self {
        let proxy = Self::start();
        proxy.stand_before(target);
        proxy
    }

    /// Forwards to this server from now on.
    pub fn stand_before(&self, target: SocketAddr) {
        self.line.state.lock().unwrap().target = Some(target);
    }

    /// Makes the server unreachable.
    pub fn refuse(&self) {
        self.line.switch(Mode::Refuse);
        for stream in self.line.state.lock().unwrap().open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Makes the server accept connections without answering.
    pub fn hang(&self) {
        self.line.switch(Mode::Hang);
    }

    /// Makes the server answer again. Bytes that were held back are delivered now.
    pub fn recover(&self) {
        self.line.switch(Mode::Forward);
    }

    /// Makes the open connections silent for ever, without closing them. New ones work.
    pub fn strand(&self) {
        let mut state = self.line.state.lock().unwrap();
        state.stranded = state.accepted;
    }

    /// Holds back the bytes in both directions of connections from this source.
    pub(crate) fn cut(&self, source: Source) {
        self.line.state.lock().unwrap().cut.insert(source);
    }

    /// Ends all cuts. Bytes that were held back are delivered now.
    pub(crate) fn mend(&self) {
        self.line.state.lock().unwrap().cut.clear();
        self.line.changed.notify_all();
    }
}

impl Line {
    fn switch(&self, mode: Mode) {
        self.state.lock().unwrap().mode = mode;
        self.changed.notify_all();
    }

    /// Waits until nothing holds back the bytes of a connection. Returns whether they may pass.
    fn may_pass(&self, connection: Connection) -> bool {
        let is_held_back = |state: &mut State| {
            state.mode == Mode::Hang
                || state.mode == Mode::Forward
                    && (connection.number < state.stranded
                        || connection.source.is_some_and(|source| state.cut.contains(&source)))
        };
        self.changed.wait_while(self.state.lock().unwrap(), is_held_back).unwrap().mode == Mode::Forward
    }

    fn accept(&self, client: &TcpStream) -> Connection {
        let source = (self.source_of)(client);
        let mut state = self.state.lock().unwrap();
        state.accepted += 1;
        Connection { number: state.accepted - 1, source }
    }

    fn serve(self: Arc<Self>, client: TcpStream) {
        let connection = self.accept(&client);
        if !self.may_pass(connection) {
            return;
        }
        let Some(target) = self.state.lock().unwrap().target else { return };
        let Ok(server) = TcpStream::connect(target) else { return };
        // Otherwise, the proxy would hold back small packets for 40 ms.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (to_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        self.state.lock().unwrap().open.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
        let upstream = Arc::clone(&self);
        thread::spawn(move || upstream.pump(connection, client, server));
        self.pump(connection, from_server, to_client);
    }

    fn pump(&self, connection: Connection, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if !self.may_pass(connection) || to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        // A connection that is cut does not even close.
        self.may_pass(connection);
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}
