//! The functions of a template.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;

use super::invocation::{InvokeError, Invoked};
use super::pool::Pool;
use super::process::Settings;
use super::runtime_api::RuntimeApi;
use crate::template::Function;

/// Invokes functions. Clones share the same processes.
#[derive(Clone)]
pub(crate) struct Host(Arc<HashMap<String, Arc<Pool>>>);

impl Host {
    /// Returns a host for these functions, and their Runtime API, which the caller must serve at
    /// `127.0.0.1:port`.
    pub(crate) fn new(functions: Vec<Function>, port: u16, settings: Settings) -> (Self, RuntimeApi) {
        let (api, settings) = (RuntimeApi::new(port), Arc::new(settings));
        let pools = functions.into_iter().map(|function| {
            let name = function.name.clone();
            (name, Arc::new(Pool::new(function, Arc::clone(&settings), api.clone())))
        });
        (Self(Arc::new(pools.collect())), api)
    }

    /// Invokes the function with this logical id and waits for its answer.
    pub(crate) async fn invoke(&self, function: &str, payload: Bytes) -> Invoked {
        let Some(pool) = self.0.get(function) else {
            return InvokeError::Unknown(function.to_owned()).into();
        };
        let invoked = pool.invoke(payload).await;
        if let Err(error) = &invoked.answer {
            println!("[{function}] {error}");
        }
        invoked
    }

    /// Kills all processes. Later invocations fail.
    pub(crate) fn stop(&self) {
        self.0.values().for_each(|pool| pool.stop());
    }
}
