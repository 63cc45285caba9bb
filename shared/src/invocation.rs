//! Serving a function that is invoked with an event of any kind.

use std::fmt::Debug;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use lambda_http::tracing;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::ConfigError;

/// Hands each event to `handler`, for as long as Lambda keeps this process.
///
/// Returns when the parts cannot be had, or the runtime fails; both are logged.
pub async fn serve<A, I, O, E, F, Fut>(parts: impl Future<Output = Result<A, ConfigError>>, handler: F) -> ExitCode
where
    I: DeserializeOwned,
    O: Serialize,
    E: Debug + Into<Diagnostic>,
    F: Fn(Arc<A>, I) -> Fut,
    Fut: Future<Output = Result<O, E>>,
{
    tracing::init_default_subscriber();
    let app = match parts.await {
        Ok(app) => Arc::new(app),
        Err(error) => return stop(&error),
    };
    let runtime = lambda_runtime::run(service_fn(|event: LambdaEvent<I>| handler(Arc::clone(&app), event.payload)));
    // Boxed, since the compiler gives up on a future of futures that is nested this deep.
    match Box::pin(runtime).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stop(&error),
    }
}

/// Logs why this process cannot go on.
pub(crate) fn stop(reason: &dyn std::fmt::Display) -> ExitCode {
    tracing::error!("{reason}");
    ExitCode::FAILURE
}
