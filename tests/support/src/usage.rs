//! The usage that AWS would bill, as a stack counts it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Stack;

/// The billed units of a stack since its start, or of a part of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests to the HTTP API, in units of 512 KB.
    pub requests: u32,
    /// Frames from clients, in units of 32 KB.
    pub frames_in: u32,
    /// Frames to clients, in units of 32 KB.
    pub frames_out: u32,
    /// The invocations of each function that was invoked.
    pub invocations: BTreeMap<String, u32>,
}

impl Usage {
    /// Returns the usage until now. Whatever a client has received is included.
    pub async fn read(stack: &Stack) -> Self {
        let url = format!("{}/_local/usage", stack.http);
        let usage: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let count = |name: &str| whole(&usage[name]);
        let functions = usage["functions"].as_object().unwrap().iter();
        Self {
            requests: count("httpRequests"),
            frames_in: count("messagesReceived"),
            frames_out: count("messagesSent"),
            invocations: functions.map(|(name, function)| (name.clone(), whole(&function["invocations"]))).collect(),
        }
    }

    /// Returns the usage since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let invocations = self.invocations.iter().filter_map(|(name, count)| {
            let count = count - earlier.invocations.get(name).unwrap_or(&0);
            (count > 0).then(|| (name.clone(), count))
        });
        Self {
            requests: self.requests - earlier.requests,
            frames_in: self.frames_in - earlier.frames_in,
            frames_out: self.frames_out - earlier.frames_out,
            invocations: invocations.collect(),
        }
    }

    /// Returns the number of invocations of all functions.
    pub fn all_invocations(&self) -> u32 {
        self.invocations.values().sum()
    }
}

fn whole(number: &Value) -> u32 {
    number.as_u64().unwrap().try_into().unwrap()
}
