//! The life of a function's process: initialization, then one invocation after another.

use std::cell::OnceCell;
use std::env;
use std::fmt::{Debug, Display};
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use lambda_http::tracing::{self, Instrument};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::tower::util::ThenLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::config::{Environment, FromEnv};
use crate::error::{Cause, Error, Result};

/// The argument that makes a function print its requirements as one line of JSON, instead of
/// serving invocations. Lambda starts functions without arguments.
const REQUIREMENTS: &str = "--requirements";

/// The time limit of a handler, so that a hung database or mail server is reported within five
/// seconds.
const TIME_LIMIT: Duration = Duration::from_millis(4500);

/// The time limit of creating the parts.
const CREATION_LIMIT: Duration = Duration::from_secs(2);

/// The time limit of connecting before the first invocation.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// The milliseconds that initialization took, until the first handler runs. The first caller has
/// waited for it.
static INITIALIZATION: AtomicU64 = AtomicU64::new(0);

/// Whether a handler has exceeded its time limit and is still running.
static IS_OVERDUE: AtomicBool = AtomicBool::new(false);

/// Passes each event to `handler` for as long as Lambda keeps this process.
///
/// Returns if the parts cannot be created or the runtime stops. The reason is logged.
pub async fn serve<P, I, O, E, F, Fut>(handler: F) -> ExitCode
where
    P: FromEnv + 'static,
    I: DeserializeOwned,
    O: Serialize,
    E: Debug + Into<Diagnostic>,
    F: Fn(&'static P, I) -> Fut,
    Fut: Future<Output = Result<O, E>>,
{
    let function = match Function::start().await {
        Ok(function) => function,
        Err(code) => return code,
    };
    match function.parts().await {
        Ok(parts) => run(async |event: LambdaEvent<I>| handler(parts, event.payload).await).await,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Passes each event to `handler` until the runtime stops. The reason is logged.
pub(super) async fn run<I, O, E>(handler: impl AsyncFn(LambdaEvent<I>) -> Result<O, E>) -> ExitCode
where
    I: DeserializeOwned,
    O: Serialize,
    E: Debug + Into<Diagnostic>,
{
    let runtime = Runtime::new(service_fn(|event| handler(event)));
    let runtime = runtime.layer(TracingLayer::new()).layer(ThenLayer::new(start_over_if_overdue));
    // Boxed, because the compiler rejects a future that is nested this deeply.
    match Box::pin(runtime.run()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stop(&error),
    }
}

/// A function whose parts are created at the first opportunity, and live as long as the process.
pub(super) struct Function<P: 'static> {
    parts: OnceCell<&'static P>,
}

impl<P: FromEnv> Function<P> {
    /// Starts logging, creates the parts, and lets them connect to their servers: here Lambda gives a
    /// process a whole processor, and in a handler only the share of the function's memory
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>).
    ///
    /// Failures are logged. Invocations try again.
    ///
    /// # Errors
    /// The exit code of the process, if it must not serve invocations.
    pub(super) async fn start() -> Result<Self, ExitCode> {
        let since = Instant::now();
        tracing::init_default_subscriber();
        let environment = Environment::default();
        let created = create(&environment).await;
        if env::args().nth(1).is_some_and(|argument| argument == REQUIREMENTS) {
            return Err(created.map_or_else(|reason| stop(&reason), |_: P| print(environment)));
        }
        let parts = OnceCell::new();
        match created {
            Ok(created) => {
                parts.get_or_init(|| &*Box::leak(Box::new(created)));
                // In tasks, because the database driver requires that its futures are polled to completion.
                let connections = environment.take_connections().into_iter().map(tokio::spawn);
                let _ = timeout(CONNECT_LIMIT, join_all(connections)).await;
            }
            Err(reason) => tracing::error!("{reason}"),
        }
        let millis = since.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        INITIALIZATION.store(millis, Ordering::Relaxed);
        Ok(Self { parts })
    }

    /// Returns the parts. Tries to create them if that failed so far.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if a part cannot be created. The reason is logged.
    pub(super) async fn parts(&self) -> Result<&'static P> {
        if let Some(parts) = self.parts.get() {
            return Ok(parts);
        }
        let created = create(&Environment::default()).await.map_err(Error::Unavailable).inspect_err(Error::log)?;
        Ok(self.parts.get_or_init(|| Box::leak(Box::new(created))))
    }
}

/// Creates the parts. A host in a connection string may have to be resolved.
async fn create<P: FromEnv>(environment: &Environment) -> Result<P, Cause> {
    match timeout(CREATION_LIMIT, P::from_env(environment)).await {
        Ok(created) => Ok(created?),
        Err(_) => Err(format!("the parts were not created within {CREATION_LIMIT:?}").into()),
    }
}

/// Prints the requirements of the parts that were created.
fn print(environment: Environment) -> ExitCode {
    match serde_json::to_string(&environment.into_requirements()) {
        Ok(requirements) => {
            println!("{requirements}");
            ExitCode::SUCCESS
        }
        Err(error) => stop(&error),
    }
}

/// Logs why this process must stop. Returns its exit code.
fn stop(reason: &dyn Display) -> ExitCode {
    tracing::error!("{reason}");
    ExitCode::FAILURE
}

/// Runs a handler in its own task with [`TIME_LIMIT`], so that neither a panic nor a hung server
/// stops the process. Logs failures that are not the caller's fault.
///
/// A task that exceeds the limit is not cancelled, because the database driver requires that its
/// futures are polled to completion. It ends with the process, as soon as the answer is sent.
pub(super) async fn run_handler<T: Send + 'static>(
    handler: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let limit = TIME_LIMIT.saturating_sub(Duration::from_millis(INITIALIZATION.swap(0, Ordering::Relaxed)));
    let result = match timeout(limit, tokio::spawn(handler.in_current_span())).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(Error::Internal(panic.into())),
        Err(elapsed) => {
            IS_OVERDUE.store(true, Ordering::Relaxed);
            Err(Error::Unavailable(elapsed.into()))
        }
    };
    result.inspect_err(Error::log)
}

/// Replaces this process with a new one of the same program if a handler is overdue. Runs after each
/// answer, before the runtime requests the next invocation.
///
/// Otherwise, Lambda would freeze the process and thaw it for another invocation, and what was
/// answered with 503 would be done then. The new program requests the next invocation, so Lambda sees
/// no process end.
async fn start_over_if_overdue(answered: Result<(), lambda_runtime::Error>) -> Result<(), lambda_runtime::Error> {
    if IS_OVERDUE.load(Ordering::Relaxed) {
        tracing::info!("starting over, because a handler is overdue");
        let error = env::current_exe().map(|program| Command::new(program).exec()).unwrap_or_else(|error| error);
        tracing::error!("cannot start over: {error}");
        process::exit(1);
    }
    answered
}
