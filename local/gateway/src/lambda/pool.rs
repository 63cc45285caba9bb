//! The processes of one function.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::invocation::{InvokeError, Invoked, Report};
use super::process::{Process, Settings};
use super::runtime_api::RuntimeApi;
use crate::template::Function;

/// The time in which the runtime must request the next invocation after an answer. A process that
/// exceeds it is stuck.
const NEXT_TIMEOUT: Duration = Duration::from_secs(5);

/// Lambda gives an environment ten seconds to initialize.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// A function, its processes, and its queue of invocations.
pub(super) struct Pool {
    function: Function,
    settings: Arc<Settings>,
    api: RuntimeApi,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Invocations that no process has picked up yet.
    waiting: VecDeque<Waiting>,
    /// Idle processes. The most recently used one is woken first, so that the others reach their
    /// idle timeout.
    idle: Vec<Idle>,
    /// The number of processes that have not requested work yet.
    starting: usize,
    /// The number of processes.
    processes: usize,
    /// The tasks that own the processes.
    workers: JoinSet<()>,
    stopped: bool,
}

struct Idle {
    id: u64,
    wake: oneshot::Sender<()>,
}

/// An invocation that no process has picked up yet.
pub(super) struct Waiting {
    id: String,
    payload: Bytes,
    answer: oneshot::Sender<Invoked>,
    /// The time after which nobody waits for it.
    deadline: Option<Instant>,
    /// Its share of the account's concurrent executions, until it ends.
    _execution: OwnedSemaphorePermit,
}

impl Waiting {
    /// Creates an invocation, and the receiver of its answer.
    pub(super) fn new(
        id: String,
        payload: Bytes,
        deadline: Option<Instant>,
        execution: OwnedSemaphorePermit,
    ) -> (Self, oneshot::Receiver<Invoked>) {
        let (answer, receiver) = oneshot::channel();
        (Self { id, payload, answer, deadline, _execution: execution }, receiver)
    }
}

impl State {
    /// Returns the oldest invocation that somebody waits for.
    fn take_waiting(&mut self) -> Option<Waiting> {
        let now = Instant::now();
        self.waiting.retain(|waiting| waiting.deadline.is_none_or(|deadline| now < deadline));
        self.waiting.pop_front()
    }
}

impl Pool {
    pub(super) fn new(function: Function, settings: Arc<Settings>, api: RuntimeApi) -> Self {
        Self { function, settings, api, state: Mutex::default() }
    }

    /// Returns how often a failed asynchronous invocation is repeated.
    pub(super) fn retries(&self) -> u32 {
        self.function.retries
    }

    /// Invokes the function.
    pub(super) fn invoke(self: &Arc<Self>, invocation: Waiting) {
        self.state().waiting.push_back(invocation);
        self.find_worker();
    }

    /// Kills all processes. Pending invocations fail.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        state.waiting.clear();
        state.workers.abort_all();
    }

    /// Wakes an idle process for the next invocation, or starts another one if the limit allows it.
    fn find_worker(self: &Arc<Self>) {
        let mut state = self.state();
        if state.stopped {
            state.waiting.clear();
        }
        if state.waiting.is_empty() {
            return;
        }
        while let Some(idle) = state.idle.pop() {
            // A process that has just reached its idle timeout no longer listens.
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
        let mut started = Process::start(&self.function, &self.settings, &self.api, INIT_TIMEOUT).await;
        let is_needed = !self.state().waiting.is_empty();
        if let Err(error) = &started
            && is_needed
        {
            // Lambda initializes again within the invocation, and allows it the function's timeout
            // (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>).
            println!("[{}] {error}; initialized again", self.function.name);
            started = Process::start(&self.function, &self.settings, &self.api, self.function.timeout).await;
        }
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
            // The oldest waiting invocation fails with the reason why no process could start.
            Err(error) => {
                let invocation = self.state().take_waiting();
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

    /// Runs an invocation in the process. Returns false if the process cannot handle another one.
    async fn run(&self, process: &mut Process, invocation: Waiting) -> bool {
        let meter = &self.settings.meter;
        meter.count_invocation(&self.function.name);
        let init = process.take_init_duration();
        let (commands_before, since) = (process.database_commands(), Instant::now());
        let Waiting { id, payload, answer: caller, _execution, .. } = invocation;
        let answer = process.invoke(id, payload, &self.function).await;
        let commands = process.database_commands().zip(commands_before).map(|(after, before)| after - before);
        let report = Report {
            function: self.function.name.clone(),
            init_millis: init.map(millis),
            millis: millis(since.elapsed()),
            database_commands: commands,
        };
        let usable = matches!(answer, Ok(_) | Err(InvokeError::Failed(_)));
        // The caller may have given up.
        let _ = caller.send(Invoked { answer, report: Some(report) });
        let usable = usable && process.wait_until_ready(NEXT_TIMEOUT).await.is_ok();
        // Lambda bills a function until it requests the next invocation, not until its answer.
        meter.add_duration(&self.function.name, init.unwrap_or_default() + since.elapsed());
        usable
    }

    /// Returns the next invocation, or `None` if none arrives within the idle timeout.
    async fn next(&self) -> Option<Waiting> {
        loop {
            let (id, woken) = {
                let mut state = self.state();
                if let Some(invocation) = state.take_waiting() {
                    return Some(invocation);
                }
                let (wake, woken) = oneshot::channel();
                let id = rand::random();
                state.idle.push(Idle { id, wake });
                (id, woken)
            };
            if timeout(self.settings.idle, woken).await.is_err() {
                let mut state = self.state();
                // The process may have been woken just as its timeout elapsed.
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
