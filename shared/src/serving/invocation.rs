//! Serves a function that is invoked with an event of any kind.

use std::env;
use std::fmt::{Debug, Display};
use std::process::ExitCode;
use std::time::Duration;

use lambda_http::tracing;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{Environment, FromEnv};
use crate::error::{Error, Result};

/// The argument that makes a function print its requirements as one line of JSON, instead of
/// serving invocations. Lambda starts functions without arguments.
const REQUIREMENTS: &str = "--requirements";

/// The time limit of a handler, so that a hung database or mail server is reported within five
/// seconds.
const TIME_LIMIT: Duration = Duration::from_millis(4500);

/// Passes each event to `handler` for as long as Lambda keeps this process.
///
/// Returns if initialization fails or the runtime stops. The reason is logged.
pub async fn serve<P, I, O, E, F, Fut>(handler: F) -> ExitCode
where
    P: FromEnv + 'static,
    I: DeserializeOwned,
    O: Serialize,
    E: Debug + Into<Diagnostic>,
    F: Fn(&'static P, I) -> Fut,
    Fut: Future<Output = Result<O, E>>,
{
    let parts = match start().await {
        Ok(parts) => parts,
        Err(code) => return code,
    };
    let runtime = lambda_runtime::run(service_fn(|event: LambdaEvent<I>| handler(parts, event.payload)));
    // Boxed, because the compiler rejects a future that is nested this deeply.
    match Box::pin(runtime).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stop(&error),
    }
}

/// Starts logging and creates the parts of the function, which live as long as the process.
///
/// # Errors
/// The exit code of the process, if it must not serve invocations.
pub(super) async fn start<P: FromEnv + 'static>() -> Result<&'static P, ExitCode> {
    tracing::init_default_subscriber();
    let environment = Environment::default();
    let parts = P::from_env(&environment).await.map_err(|error| stop(&error))?;
    if env::args().nth(1).is_some_and(|argument| argument == REQUIREMENTS) {
        return Err(print(environment));
    }
    Ok(Box::leak(Box::new(parts)))
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
pub(super) fn stop(reason: &dyn Display) -> ExitCode {
    tracing::error!("{reason}");
    ExitCode::FAILURE
}

/// Runs a handler in its own task with [`TIME_LIMIT`], so that neither a panic nor a hung server
/// stops the process. Logs failures that are not the caller's fault.
///
/// A task that exceeds the limit is not cancelled, because the database driver requires that its
/// futures are polled to completion.
pub(super) async fn run_handler<T: Send + 'static>(
    handler: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let result = match tokio::time::timeout(TIME_LIMIT, tokio::spawn(handler)).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(Error::Internal(panic.into())),
        Err(elapsed) => Err(Error::Unavailable(elapsed.into())),
    };
    result.inspect_err(Error::log)
}
