//! Runs the whole chat backend on one machine: the functions of `template.yaml` on the gateway,
//! with MongoDB, a mail catcher and a demo page.

mod container_environment;
mod error;
mod hosts;
mod mail;
mod mongo_commands;
mod mongod;
mod mongod_download;
mod page;
mod programs;
mod second_person;
mod secrets;
mod settings;
mod stack;

use std::process::ExitCode;

use settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = async { stack::run(Settings::read(&arguments)?).await };
    match result.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
