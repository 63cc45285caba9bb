//! A TCP server that stands in front of another one and fails on demand.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// What the proxy does with connections and bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Forward,
    /// Takes connections and sends nothing on.
    Hang,
    /// Closes every connection.
    Refuse,
}

/// The proxy. It runs in threads of its own, so it works while a test waits for its stack.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    line: Arc<Line>,
}

struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    mode: Mode,
    target: Option<SocketAddr>,
    open: Vec<TcpStream>,
}

impl Proxy {
    /// One that refuses connections until it knows what it stands in front of.
    pub(crate) fn new() -> Self {
        let state = State { mode: Mode::Forward, target: None, open: Vec::new() };
        let line = Arc::new(Line { state: Mutex::new(state), changed: Condvar::new() });
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

    /// One in front of this server.
    pub(crate) fn to(target: SocketAddr) -> Self {
        let proxy = Self::new();
        proxy.stand_before(target);
        proxy
    }

    /// From now on it stands in front of this server.
    pub(crate) fn stand_before(&self, target: SocketAddr) {
        self.line.state.lock().unwrap().target = Some(target);
    }

    /// The server is away.
    pub(crate) fn refuse(&self) {
        self.line.switch(Mode::Refuse);
        for stream in self.line.state.lock().unwrap().open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The server takes connections and does not answer.
    pub(crate) fn hang(&self) {
        self.line.switch(Mode::Hang);
    }

    /// The server is back; what it was sent while it hung arrives now.
    pub(crate) fn recover(&self) {
        self.line.switch(Mode::Forward);
    }
}

impl Line {
    fn switch(&self, mode: Mode) {
        self.state.lock().unwrap().mode = mode;
        self.changed.notify_all();
    }

    /// Waits until the server does not hang; whether bytes may pass then.
    fn may_pass(&self) -> bool {
        let hanging = |state: &mut State| state.mode == Mode::Hang;
        self.changed.wait_while(self.state.lock().unwrap(), hanging).unwrap().mode == Mode::Forward
    }

    fn serve(self: Arc<Self>, client: TcpStream) {
        if !self.may_pass() {
            return;
        }
        let Some(target) = self.state.lock().unwrap().target else { return };
        let Ok(server) = TcpStream::connect(target) else { return };
        let (to_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        self.state.lock().unwrap().open.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
        let there = Arc::clone(&self);
        thread::spawn(move || there.pump(client, server));
        self.pump(from_server, to_client);
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if !self.may_pass() || to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}
