//! The activity that a stack reports.

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use crate::Stack;
use crate::wait::DEADLINE;

/// A reader of the stack's activity stream (server-sent events).
pub struct Activity {
    events: Response,
    read: Vec<u8>,
}

impl Activity {
    /// Starts reading activity from now on.
    pub async fn follow(stack: &Stack) -> Self {
        let events = reqwest::get(format!("{}/_local/activity", stack.http)).await.unwrap();
        Self { events, read: Vec::new() }
    }

    /// Skips to the next invocation of a function and returns it.
    pub async fn next(&mut self, function: &str) -> Value {
        let invocation = async {
            loop {
                let entry = self.entry().await;
                if entry["function"] == function {
                    return entry;
                }
            }
        };
        timeout(DEADLINE, invocation).await.unwrap_or_else(|_| panic!("{function} was not invoked"))
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
