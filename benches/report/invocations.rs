//! The measurements of invocations, as the stack reports them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use test_support::{Activity, Browser, Stack};
use tokio::task::JoinHandle;

use crate::bed::BARE_PATH;

/// The measurements of one invocation.
#[derive(Clone, Copy)]
pub(crate) struct Invocation {
    /// For the first invocation of a process: the time from its start to its first answer, in
    /// milliseconds.
    pub(crate) start: Option<f64>,
    /// The time from the event to the answer, in milliseconds.
    pub(crate) warm: f64,
    /// The number of commands that it sent to the database.
    pub(crate) commands: f64,
}

/// The measurements of all invocations in a stack.
pub(crate) struct Invocations {
    by_function: Arc<Mutex<HashMap<String, Vec<Invocation>>>>,
    task: JoinHandle<()>,
}

impl Invocations {
    /// Starts collecting invocations from now on.
    pub(crate) async fn follow(stack: &Stack) -> Self {
        let mut activity = Activity::follow(stack).await;
        let by_function = Arc::<Mutex<HashMap<String, Vec<Invocation>>>>::default();
        let all = Arc::clone(&by_function);
        let task = tokio::spawn(async move {
            loop {
                let entry = activity.entry().await;
                if let (Some(function), Some(invocation)) = (entry["function"].as_str(), Invocation::read(&entry)) {
                    all.lock().unwrap().entry(function.to_owned()).or_default().push(invocation);
                }
            }
        });
        Self { by_function, task }
    }

    /// Returns the invocations of a function so far.
    pub(crate) fn of_function(&self, function: &str) -> Vec<Invocation> {
        self.by_function.lock().unwrap().get(function).cloned().unwrap_or_default()
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
