//! `$default`: tells the sender of a frame that no route takes which actions there are.

use std::process::ExitCode;
use std::sync::Arc;

use shared::api::ACTIONS;
use shared::socket::{self, Frame};
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(async |_| Ok(()), default).await
}

async fn default(_: Arc<()>, frame: Frame) -> Result<()> {
    let actions = ACTIONS.join(", ");
    match frame.action() {
        Some(_) => Err(Error::NotFound(format!("there is no such action; the actions are {actions}").into())),
        None => {
            Err(Error::Invalid(format!("a frame must be a JSON object with an \"action\"; the actions are {actions}")))
        }
    }
}
