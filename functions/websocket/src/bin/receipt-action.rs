//! `receipt`: tells what was delivered to this device, and what the user has read.

use std::process::ExitCode;

use shared::Result;
use shared::serving::socket::{self, Frame};
use shared::sockets::callers::Callers;
use shared::sockets::marking::Marking;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    socket::serve(receipt).await
}

shared::parts! {
    struct App {
        callers: Callers,
        marking: Marking,
    }
}

async fn receipt(app: &'static App, frame: Frame) -> Result<()> {
    let input = frame.read()?;
    let member = app.callers.identify(&frame.sender).await?;
    app.marking.receipt(member, Some(&frame.sender), input).await
}
