//! What a stack tells of what goes on in it.

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use super::stack::Stack;
use super::wait::DEADLINE;

/// A reader of the local stack's activity (server-sent events).
pub(crate) struct Activity {
    events: Response,
    read: Vec<u8>,
}

impl Activity {
    /// Follows what goes on from now on.
    pub(crate) async fn of(stack: &Stack) -> Self {
        let events = reqwest::get(format!("{}/_local/activity", stack.http)).await.unwrap();
        Self { events, read: Vec::new() }
    }

    /// The next invocation of a function, with what it took. What comes before it is passed over.
    pub(crate) async fn next(&mut self, function: &str) -> Value {
        let found = async {
            loop {
                let entry = self.entry().await;
                if entry["function"] == function {
                    return entry;
                }
            }
        };
        timeout(DEADLINE, found).await.unwrap_or_else(|_| panic!("{function} is not invoked"))
    }

    /// The next thing that happens.
    pub(crate) async fn entry(&mut self) -> Value {
        loop {
            if let Some(end) = self.read.windows(2).position(|bytes| bytes == b"\n\n") {
                let event: Vec<u8> = self.read.drain(..end + 2).collect();
                if let Some(data) = event.strip_prefix(b"data:") {
                    return serde_json::from_slice(data).unwrap();
                }
            } else {
                self.read.extend(self.events.chunk().await.unwrap().unwrap());
            }
        }
    }
}
