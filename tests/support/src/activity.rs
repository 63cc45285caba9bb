//! The activity that a stack reports.

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use crate::Stack;
use crate::wait::DEADLINE;

/// A reader of the stack's activity, which are server-sent events.
pub struct Activity {
    events: Response,
    read: Vec<u8>,
}

impl Activity {
    /// Follows the activity from now on.
    pub async fn follow(stack: &Stack) -> Self {
        let events = reqwest::get(format!("{}/_local/activity", stack.http)).await.unwrap();
        Self { events, read: Vec::new() }
    }

    /// Returns the next invocation of a function and skips everything before it.
    pub async fn next(&mut self, function: &str) -> Value {
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

    /// Returns the next entry.
    pub async fn entry(&mut self) -> Value {
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
