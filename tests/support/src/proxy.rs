//! A TCP proxy that fails on demand.

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
    /// Starts a proxy that refuses connections until it has a target.
    pub fn start() -> Self {
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
}

impl Line {
    fn switch(&self, mode: Mode) {
        self.state.lock().unwrap().mode = mode;
        self.changed.notify_all();
    }

    /// Waits until the mode is not [`Mode::Hang`]. Returns whether bytes may pass.
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
        // Otherwise, the proxy would hold back small packets for 40 ms.
        [&client, &server].into_iter().for_each(|stream| stream.set_nodelay(true).unwrap());
        let (to_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        self.state.lock().unwrap().open.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
        let upstream = Arc::clone(&self);
        thread::spawn(move || upstream.pump(client, server));
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
