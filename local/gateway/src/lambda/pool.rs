//! The processes of one function.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::invocation::{InvokeError, Invoked, Report};
use super::process::{Process, Settings};
use super::runtime_api::RuntimeApi;
use crate::ids::invocation_id;
use crate::template::Function;

/// After an answer, the runtime requests the next invocation at once; a process that does not is
/// stuck.
const NEXT_TIMEOUT: Duration = Duration::from_secs(5);

/// A function with its processes and its queue.
pub(super) struct Pool {
    function: Function,
    settings: Arc<Settings>,
    api: RuntimeApi,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The invocations that no process has taken yet.
    waiting: VecDeque<Waiting>,
    /// The processes without work. The one that worked last is woken first, so that the others can
    /// end.
    idle: Vec<Idle>,
    /// How many processes have not requested work yet.
    starting: usize,
    /// How many processes there are.
    processes: usize,
    /// The owners of the processes.
    workers: JoinSet<()>,
    stopped: bool,
}

struct Idle {
    id: u64,
    wake: oneshot::Sender<()>,
}

struct Waiting {
    id: String,
    payload: Bytes,
    answer: oneshot::Sender<Invoked>,
}

impl Pool {
    pub(super) fn new(function: Function, settings: Arc<Settings>, api: RuntimeApi) -> Self {
        Self { function, settings, api, state: Mutex::default() }
    }

    /// Invokes the function and waits for its answer.
    pub(super) async fn invoke(self: &Arc<Self>, payload: Bytes) -> Invoked {
        let (answer, receiver) = oneshot::channel();
        let id = invocation_id();
        self.state().waiting.push_back(Waiting { id, payload, answer });
        self.find_worker();
        receiver.await.unwrap_or_else(|_| InvokeError::Stopping.into())
    }

    /// Kills all processes. Whoever waits for an answer gets an error.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        state.waiting.clear();
        state.workers.abort_all();
    }

    /// Wakes a process for the next invocation, or starts one more if the limit allows it.
    fn find_worker(self: &Arc<Self>) {
        let mut state = self.state();
        if state.stopped {
            state.waiting.clear();
        }
        if state.waiting.is_empty() {
            return;
        }
        while let Some(idle) = state.idle.pop() {
            // A process whose idle time has just run out no longer listens.
            if idle.wake.send(()).is_ok() {
                return;
            }
        }
        if state.processes < self.settings.max_processes && state.starting < state.waiting.len() {
            state.processes += 1;
            state.starting += 1;
            while state.workers.try_join_next().is_some() {}
            state.workers.spawn(Arc::clone(self).work());
        }
    }

    /// Owns one process from its start to its end.
    async fn work(self: Arc<Self>) {
        let since = Instant::now();
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
            // The invocation that has waited longest gets the reason why there is no process.
            Err(error) => {
                let invocation = self.state().waiting.pop_front();
                if let Some(invocation) = invocation {
                    self.settings.meter.count_invocation(&self.function.name);
                    self.settings.meter.add_duration(&self.function.name, since.elapsed());
                    let _ = invocation.answer.send(error.into());
                }
            }
        }
        self.state().processes -= 1;
        self.find_worker();
    }

    /// Has the process handle an invocation. Returns false if it cannot handle another one.
    async fn run(&self, process: &mut Process, invocation: Waiting) -> bool {
        let meter = &self.settings.meter;
        meter.count_invocation(&self.function.name);
        let init = process.take_init_duration();
        let (commands_before, since) = (process.database_commands(), Instant::now());
        let answer = process.invoke(invocation.id, invocation.payload, &self.function).await;
        let commands = process.database_commands().zip(commands_before).map(|(after, before)| after - before);
        let report = Report {
            function: self.function.name.clone(),
            init_millis: init.map(millis),
            millis: millis(since.elapsed()),
            database_commands: commands,
        };
        let usable = matches!(answer, Ok(_) | Err(InvokeError::Failed(_)));
        // The caller may have given up.
        let _ = invocation.answer.send(Invoked { answer, report: Some(report) });
        let usable = usable && process.wait_until_ready(NEXT_TIMEOUT).await.is_ok();
        // Lambda bills a function until it requests the next invocation, not until its answer.
        meter.add_duration(&self.function.name, init.unwrap_or_default() + since.elapsed());
        usable
    }

    /// Returns the next invocation, or nothing if none came while a process may be idle.
    async fn next(&self) -> Option<Waiting> {
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
                // It may have been woken at the very moment that its time ran out.
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
