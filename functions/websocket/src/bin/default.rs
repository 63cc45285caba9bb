//! `$default`: reports the available actions to the sender of a frame without a route.

use std::process::ExitCode;

use shared::contract::actions;
use shared::contract::errors::no_such_action;
use shared::serving::socket::{self, Frame};
use shared::{Error, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(default).await
}

shared::parts! {
    struct App {}
}

async fn default(_: &'static App, frame: Frame) -> Result<()> {
    let actions = actions::NAMES.join(", ");
    match frame.action() {
        Some(_) => Err(no_such_action(&actions)),
        None => {
            Err(Error::invalid(format!("a frame must be a JSON object with an \"action\"; the actions are {actions}")))
        }
    }
}
