//! Fills the sample events in `events/` with the tokens and ids of people that it signs up at a running
//! local stack, so that every function does its work when it is invoked with its event.

mod events;
mod failure;
mod person;
mod stack;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::events::Events;
use crate::failure::Failure;
use crate::stack::Stack;

/// Fills the sample events with valid tokens, ids and codes.
///
/// The local stack must be running (`cargo run`). Its database receives a few people, a chat with
/// messages, and a record of a connection for each event of the WebSocket API. Each event can be used
/// once: some sign out, or use up a code. Repeat the command for new ones.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110)]
struct Arguments {
    /// The HTTP API of the stack
    #[arg(long, value_name = "URL", default_value = "http://localhost:3000")]
    api: String,

    /// The origin of the pages that send the requests, which the stack must allow (default: the API's)
    #[arg(long, value_name = "URL")]
    origin: Option<String>,

    /// The folder to write the events to
    #[arg(long, value_name = "FOLDER", default_value = "target/events")]
    output: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match fill(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sample-events: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn fill(arguments: Arguments) -> Result<(), Failure> {
    let origin = arguments.origin.unwrap_or_else(|| arguments.api.clone());
    let events = Events::new(Stack::new(arguments.api), origin).await?;
    let count = events.write(&arguments.output).await?;
    println!("{count} events in {}", arguments.output.display());
    Ok(())
}
