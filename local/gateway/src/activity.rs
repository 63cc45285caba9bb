//! What goes on in this stack, told to whoever looks.

use serde::Serialize;
use tokio::sync::broadcast;

use crate::clock::Now;
use crate::lambda::Report;

/// So many entries wait for a slow reader, who misses what is older.
const WAITING: usize = 1024;

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// When it was over.
    at: String,
    #[serde(flatten)]
    event: Event,
}

/// What happened.
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
        /// What was sent, if anything.
        text: Option<String>,
        #[serde(flatten)]
        report: Option<Report>,
    },
    /// A function sent something to a socket.
    Push { connection_id: String, text: String },
}

/// Where entries go. A clone is the same one.
#[derive(Clone)]
pub(crate) struct Activity(broadcast::Sender<Entry>);

impl Default for Activity {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

impl Activity {
    /// Tells of an event. `event` is called only if somebody looks.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.0.receiver_count() > 0 {
            // Whoever looked may have gone at this moment.
            let _ = self.0.send(Entry { at: Now::get().rfc_3339(), event: event() });
        }
    }

    /// All entries from now on.
    pub(crate) fn follow(&self) -> broadcast::Receiver<Entry> {
        self.0.subscribe()
    }
}
