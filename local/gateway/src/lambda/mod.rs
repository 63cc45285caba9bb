//! Lambda: hosts the functions' processes and invokes them.
//!
//! As AWS documents, a process handles one invocation at a time, more load starts more processes, a
//! process that exceeds its function's timeout is killed, and between invocations a process is
//! frozen.

mod host;
mod invocation;
mod log;
mod pool;
mod process;
mod proxy;
mod runtime_api;
mod tap;

pub(crate) use host::Host;
pub(crate) use invocation::{InvokeError, Invoked, Report};
pub(crate) use process::Settings;
pub(crate) use runtime_api::MAX_PAYLOAD;
pub use tap::{CountCommands, Tap};
