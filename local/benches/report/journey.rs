//! The functions, and what invocations of them took.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::bed::BARE_PATH;
use crate::harness::activity::Activity;
use crate::harness::{Browser, Stack};

/// The functions of both APIs, and their binaries.
pub(crate) const FUNCTIONS: [(&str, &str); 23] = [
    ("SendOtp", "send-otp"),
    ("VerifyOtp", "verify-otp"),
    ("DeleteOtp", "delete-otp"),
    ("UploadDetails", "upload-details"),
    ("Logout", "logout"),
    ("Refresh", "refresh"),
    ("UserDetails", "user-details"),
    ("Users", "users"),
    ("CreateConnection", "create-connection"),
    ("AllConnection", "all-connection"),
    ("GetChat", "get-chat"),
    ("SendMessage", "send-message"),
    ("LastMessage", "last-message"),
    ("SocketTicket", "socket-ticket"),
    ("Photo", "photo"),
    ("Connect", "connect"),
    ("Disconnect", "disconnect"),
    ("Default", "default"),
    ("JoinChatRoom", "join-chat-room"),
    ("AddFriend", "add-friend"),
    ("SendActiveResponse", "send-active-response"),
    ("Chatsend", "chatsend"),
    ("MessageReceived", "message-received"),
];

/// The functions that have no use for the database.
pub(crate) const WITHOUT_DATABASE: [&str; 2] = ["SocketTicket", "Default"];

/// What one invocation took.
#[derive(Clone, Copy)]
pub(crate) struct Invocation {
    /// From the start of the process to its answer, for the first invocation of a process, in milliseconds.
    pub(crate) start: Option<f64>,
    /// From the event to the answer, in milliseconds.
    pub(crate) warm: f64,
    /// Commands that went to the database.
    pub(crate) commands: f64,
}

/// Collects what all invocations in a stack take.
pub(crate) struct Invocations {
    seen: Arc<Mutex<HashMap<String, Vec<Invocation>>>>,
    task: JoinHandle<()>,
}

impl Invocations {
    /// Collects from now on.
    pub(crate) async fn of(stack: &Stack) -> Self {
        let mut activity = Activity::of(stack).await;
        let seen = Arc::<Mutex<HashMap<String, Vec<Invocation>>>>::default();
        let all = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                let entry = activity.entry().await;
                if let (Some(function), Some(invocation)) = (entry["function"].as_str(), Invocation::read(&entry)) {
                    all.lock().unwrap().entry(function.to_owned()).or_default().push(invocation);
                }
            }
        });
        Self { seen, task }
    }

    /// The invocations of a function so far.
    pub(crate) fn of_function(&self, function: &str) -> Vec<Invocation> {
        self.seen.lock().unwrap().get(function).cloned().unwrap_or_default()
    }
}

impl Drop for Invocations {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Invocation {
    fn read(entry: &Value) -> Option<Self> {
        let millis = entry["millis"].as_f64()?;
        let start = entry["initMillis"].as_f64().map(|init| init + millis);
        Some(Self { start, warm: millis, commands: entry["databaseCommands"].as_f64().unwrap_or_default() })
    }
}

/// Invokes the function that does nothing.
pub(crate) async fn invoke_bare(browser: &Browser) {
    assert_eq!(browser.get(BARE_PATH).await.status, 200);
}
