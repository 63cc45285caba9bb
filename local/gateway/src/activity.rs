//! The live stream of requests, frames and pushes.

use serde::Serialize;
use tokio::sync::broadcast;

use crate::clock::Now;
use crate::lambda::Report;

/// The number of entries that are buffered for a slow reader. Older entries are dropped.
const BACKLOG: usize = 1024;

/// One event and its time.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// The time at which the event ended.
    at: String,
    #[serde(flatten)]
    event: Event,
}

/// An event in the gateway.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Event {
    /// An HTTP request was answered.
    Request {
        /// Method and path.
        name: String,
        status: u16,
        #[serde(flatten)]
        report: Option<Report>,
    },
    /// A socket opened, closed or sent a frame, and the function of the route ran.
    Frame {
        connection_id: String,
        /// The route's key.
        name: String,
        /// The text of the frame, if the event is a frame.
        text: Option<String>,
        #[serde(flatten)]
        report: Option<Report>,
    },
    /// A function sent a message to a socket.
    Push { connection_id: String, text: String },
}

/// The stream of entries. Clones share the same readers.
#[derive(Clone)]
pub(crate) struct Activity(broadcast::Sender<Entry>);

impl Default for Activity {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Activity {
    /// Publishes an event. `event` is called only if someone is watching.
    pub(crate) fn publish(&self, event: impl FnOnce() -> Event) {
        if self.0.receiver_count() > 0 {
            // The last reader may just have left.
            let _ = self.0.send(Entry { at: Now::get().rfc_3339(), event: event() });
        }
    }

    /// Returns a receiver of all future entries.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Entry> {
        self.0.subscribe()
    }
}
