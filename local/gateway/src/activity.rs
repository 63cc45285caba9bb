//! A live record of requests, frames and pushes, for anyone who watches.

use serde::Serialize;
use tokio::sync::broadcast;

use crate::clock::Now;
use crate::lambda::Report;

/// How many entries are kept for a slow reader, who misses older ones.
const BACKLOG: usize = 1024;

/// One event and its time.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// When it was over.
    at: String,
    #[serde(flatten)]
    event: Event,
}

/// Something that happened.
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
    /// A socket was opened or closed, or sent a frame, and the function of that route ran.
    Frame {
        connection_id: String,
        /// The route's key.
        name: String,
        /// The text of the frame, if it was one.
        text: Option<String>,
        #[serde(flatten)]
        report: Option<Report>,
    },
    /// A function sent a message to a socket.
    Push { connection_id: String, text: String },
}

/// The stream of entries. A clone publishes to the same readers.
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
            // The last reader may have left in the meantime.
            let _ = self.0.send(Entry { at: Now::get().rfc_3339(), event: event() });
        }
    }

    /// Returns all entries from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Entry> {
        self.0.subscribe()
    }
}
