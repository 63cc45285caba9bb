//! The open sockets, by the ids of their connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::context::Context;
use crate::clock::Now;
use crate::usage::Meter;

/// The number of messages that are queued for a client that does not read. Further messages are
/// refused.
const QUEUE: usize = 256;

/// A message for a client, or the end of its socket.
pub(super) enum Outgoing {
    Text(String),
    Close,
}

/// All open sockets. A clone is the same collection.
#[derive(Clone)]
pub(super) struct Connections {
    open: Arc<Mutex<HashMap<String, Connection>>>,
    meter: Meter,
}

impl Connections {
    /// No sockets yet. Their messages and minutes will be counted by `meter`.
    pub(super) fn new(meter: Meter) -> Self {
        Self { open: Arc::default(), meter }
    }

    /// Registers a socket and returns the queue of messages for its client.
    pub(super) fn open(&self, context: Context) -> (Connection, mpsc::Receiver<Outgoing>) {
        let (outgoing, queue) = mpsc::channel(QUEUE);
        let last_active = Arc::new(Mutex::new(context.connected_at));
        let meter = self.meter.clone();
        meter.open(&context.connection_id);
        let connection = Connection { context: Arc::new(context), outgoing, last_active, meter };
        self.lock().insert(connection.context.connection_id.clone(), connection.clone());
        (connection, queue)
    }

    /// Returns the socket with this id.
    pub(super) fn get(&self, id: &str) -> Option<Connection> {
        self.lock().get(id).cloned()
    }

    /// Removes a socket.
    pub(super) fn remove(&self, id: &str) {
        self.lock().remove(id);
        self.meter.close(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Connection>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open socket. Clones share the same socket.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) context: Arc<Context>,
    outgoing: mpsc::Sender<Outgoing>,
    last_active: Arc<Mutex<Now>>,
    meter: Meter,
}

impl Connection {
    /// Queues a message for the client. Returns false if the queue is full.
    pub(super) fn send(&self, text: String) -> bool {
        self.touch();
        let place = self.outgoing.try_reserve();
        if matches!(place, Err(mpsc::error::TrySendError::Full(()))) {
            return false;
        }
        // Counted first, so that a message that the client has is always counted.
        self.meter.count_sent(text.len());
        // If the queue is closed, the client has just left, and the message is lost.
        if let Ok(place) = place {
            place.send(Outgoing::Text(text));
        }
        true
    }

    /// Notes that the client sent a message of this many bytes.
    pub(super) fn receive(&self, bytes: usize) {
        self.touch();
        self.meter.count_received(bytes);
    }

    /// Closes the socket after the queued messages, without waiting for it.
    pub(super) fn close(&self) {
        let outgoing = self.outgoing.clone();
        // If the queue is closed, so is the socket.
        tokio::spawn(async move { drop(outgoing.send(Outgoing::Close).await) });
    }

    /// Returns the time of the last message from or to the client.
    pub(super) fn last_active(&self) -> Now {
        *self.last_active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the client sent or was sent a message.
    fn touch(&self) {
        *self.last_active.lock().unwrap_or_else(PoisonError::into_inner) = Now::get();
    }
}
