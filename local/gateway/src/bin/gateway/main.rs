//! `gateway`: runs a SAM template on this machine.

mod arguments;

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser as _;
use gateway::{Error, Gateway, Listeners, ProcessGroup, RunningGateway, Workspace, shutdown_requested};

use arguments::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let started = Instant::now();
    let shutdown = shutdown_requested(arguments.stop_with_stdin);
    tokio::pin!(shutdown);
    let (gateway, _processes) = tokio::select! {
        started = start(&arguments) => started?,
        () = &mut shutdown => return Ok(()),
    };
    println!("HttpApiUrl       {}", gateway.http_url());
    if let Some(url) = gateway.websocket_url() {
        println!("WebSocketApiUrl  {url}");
    }
    println!("ready in {:.1} s; stop with Ctrl-C", started.elapsed().as_secs_f64());
    shutdown.await;
    gateway.stop().await;
    Ok(())
}

async fn start(arguments: &Arguments) -> Result<(RunningGateway, ProcessGroup), Error> {
    let listeners = Listeners::bind(arguments.port).await?;
    let processes = ProcessGroup::start()?;
    let folder = match arguments.template.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let workspace = Workspace::new(folder).release(arguments.release);
    let binaries = match &arguments.binaries {
        Some(binaries) => binaries.clone(),
        None => workspace.binaries().await?,
    };
    let mut gateway = Gateway::new(&arguments.template, binaries, &processes)
        .environment(|name| env::var(name).ok().filter(|value| !value.is_empty()))
        .max_processes(arguments.max_processes)
        .idle(Duration::from_secs(arguments.idle_seconds))
        .time_scale(arguments.time_scale)
        .throttle(arguments.throttle)
        .concurrency(arguments.concurrency)
        .retry_pause(seconds(arguments.retry_seconds))
        .lose_disconnects(arguments.lose_disconnects)
        .create_resources(!arguments.skip_resources);
    if let Some(freeze) = arguments.dead_after_freeze_millis {
        gateway = gateway.dead_after_freeze(Duration::from_millis(freeze));
    }
    if let Some(limit) = arguments.resource_seconds {
        gateway = gateway.resource_timeout(seconds(limit));
    }
    for assignment in &arguments.parameters {
        gateway = gateway.parameter(&assignment.name, &assignment.value);
    }
    for assignment in &arguments.variables {
        gateway = gateway.variable(&assignment.name, &assignment.value);
    }
    if let Some(packages) = &arguments.functions_in {
        gateway = gateway.require_functions_for(packages);
    }
    if arguments.binaries.is_none() {
        gateway = gateway.build(workspace.clone());
    }
    if arguments.watch {
        gateway = gateway.watch(workspace);
    }
    Ok((gateway.start(listeners).await?, processes))
}

/// Returns a duration. Nonsense is no time at all.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
