//! The processes of one function.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::process::Process;
use super::{HostSettings, InvokeError, Invoked, Report, RuntimeApi};
use crate::ids::invocation_id;
use crate::template::Function;

/// After an answer the runtime asks for the next invocation at once; a process that does not is stuck.
const NEXT_TIMEOUT: Duration = Duration::from_secs(5);

/// A function with its processes and what waits for one.
pub(crate) struct Pool {
    function: Function,
    settings: HostSettings,
    api: RuntimeApi,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What no process has taken yet.
    waiting: VecDeque<Invocation>,
    /// Processes without work; the one that worked last is woken first, so that the others can end.
    idle: Vec<Idle>,
    /// Processes that have not asked for work yet.
    starting: usize,
    /// All processes.
    processes: usize,
}

struct Idle {
    id: u64,
    wake: oneshot::Sender<()>,
}

struct Invocation {
    id: String,
    payload: Bytes,
    answer: oneshot::Sender<Invoked>,
}

impl Pool {
    pub(super) fn new(function: Function, settings: HostSettings, api: RuntimeApi) -> Self {
        Self { function, settings, api, state: Mutex::default() }
    }

    pub(super) async fn invoke(self: &Arc<Self>, payload: Bytes) -> Invoked {
        let (answer, receiver) = oneshot::channel();
        let id = invocation_id();
        self.state().waiting.push_back(Invocation { id, payload, answer });
        self.find_worker();
        receiver.await.unwrap_or_else(|_| InvokeError::Exited("the stack is stopping".to_owned()).into())
    }

    /// Wakes a process for what waits, or starts one more if there may be one.
    fn find_worker(self: &Arc<Self>) {
        let mut state = self.state();
        if state.waiting.is_empty() {
            return;
        }
        while let Some(idle) = state.idle.pop() {
            // One whose time ran out at this moment is no longer listening.
            if idle.wake.send(()).is_ok() {
                return;
            }
        }
        if state.processes < self.settings.max_processes && state.starting < state.waiting.len() {
            state.processes += 1;
            state.starting += 1;
            tokio::spawn(Arc::clone(self).work());
        }
    }

    /// Owns one process from its start to its end.
    async fn work(self: Arc<Self>) {
        let started = Process::start(&self.function, &self.settings, &self.api).await;
        self.state().starting -= 1;
        match started {
            Ok(mut process) => {
                while let Some(invocation) = self.next().await {
                    if process.is_outdated() {
                        self.state().waiting.push_front(invocation);
                        break;
                    }
                    if !self.run(&mut process, invocation).await {
                        break;
                    }
                }
            }
            // What waited longest learns why there is no process for it.
            Err(error) => {
                let invocation = self.state().waiting.pop_front();
                if let Some(invocation) = invocation {
                    let _ = invocation.answer.send(error.into());
                }
            }
        }
        self.state().processes -= 1;
        self.find_worker();
    }

    /// Has the process handle an invocation. False when it cannot handle another one.
    async fn run(&self, process: &mut Process, invocation: Invocation) -> bool {
        let init = process.first_invocation();
        let (commands, since) = (process.database_commands(&self.function), Instant::now());
        let answer = process.invoke(invocation.id, invocation.payload, &self.function).await;
        let report = Report {
            function: self.function.name.clone(),
            init_millis: init.map(millis),
            millis: millis(since.elapsed()),
            database_commands: process
                .database_commands(&self.function)
                .zip(commands)
                .map(|(after, before)| after - before),
        };
        let usable = matches!(answer, Ok(_) | Err(InvokeError::Failed(_)));
        // Who asked may have given up.
        let _ = invocation.answer.send(Invoked { answer, report: Some(report) });
        usable && process.wait_until_ready(NEXT_TIMEOUT).await.is_ok()
    }

    /// The next invocation, or nothing when none came for as long as a process may be idle.
    async fn next(&self) -> Option<Invocation> {
        loop {
            let (id, woken) = {
                let mut state = self.state();
                if let Some(invocation) = state.waiting.pop_front() {
                    return Some(invocation);
                }
                let (wake, woken) = oneshot::channel();
                let id = rand::random();
                state.idle.push(Idle { id, wake });
                (id, woken)
            };
            if timeout(self.settings.idle, woken).await.is_err() {
                let mut state = self.state();
                // Woken at the very moment that the time ran out?
                let was_idle = state.idle.iter().position(|idle| idle.id == id);
                if let Some(position) = was_idle {
                    state.idle.remove(position);
                    return None;
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
