//! Runs the whole chat backend on one machine: API Gateway, Lambda, MongoDB and a mail server, all from
//! `template.yaml` and with the binaries that are deployed.

mod activity;
mod clock;
mod deployment;
mod functions;
mod http;
mod ids;
mod lambda;
mod mail;
mod mongod;
mod page;
mod reaper;
mod settings;
mod stack;
mod template;
mod watch;
mod websocket;

use std::process::ExitCode;

use settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == [reaper::ARGUMENT] {
        return reaper::run();
    }
    let result = async { stack::run(Settings::read(&arguments)?).await };
    match result.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}
