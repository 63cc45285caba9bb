//! One process of a function: an execution environment, in Lambda's terms.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use super::invocation::{Answer, InvokeError};
use super::log;
use super::proxy::Proxy;
use super::runtime_api::{Invocation, RuntimeApi, Slot};
use super::tap::{OpenTap, Tap};
use crate::iam::Identities;
use crate::ids::{REGION, function_arn, log_stream};
use crate::template::Function;
use crate::usage::Meter;

/// The time for which a binary may be missing while cargo replaces it.
const REPLACE_TIMEOUT: Duration = Duration::from_secs(5);

/// The settings that the processes of all functions share.
pub(crate) struct Settings {
    /// The folder of the binaries.
    pub(crate) binaries: PathBuf,
    /// The process group that processes join.
    pub(crate) group: i32,
    /// The maximum number of processes per function.
    pub(crate) max_processes: usize,
    /// The time for which a process may be idle before it ends.
    pub(crate) idle: Duration,
    /// The tap on the database, if commands are counted.
    pub(crate) tap: Option<Tap>,
    /// Counts invocations and their durations.
    pub(crate) meter: Meter,
    /// The keys of the functions.
    pub(crate) identities: Identities,
    /// The maximum number of invocations of all functions at a time.
    pub(crate) concurrency: usize,
    /// The pause before the first retry of an asynchronous invocation.
    pub(crate) retry_pause: Duration,
    /// The duration of a freeze that the connections of a process do not survive, if there is one.
    pub(crate) dead_after_freeze: Option<Duration>,
    /// The host and the port of `@connections`.
    pub(crate) connections: String,
}

/// A running process. Dropping it kills it.
pub(super) struct Process {
    slot: Slot,
    child: Child,
    pid: Option<Pid>,
    path: PathBuf,
    built: Option<SystemTime>,
    commands: Commands,
    /// The way to `@connections`, if connections can die.
    connections: Option<Proxy>,
    dead_after_freeze: Option<Duration>,
    /// The time of the last freeze.
    frozen: Option<Instant>,
    /// The time that it took to start, until it is reported.
    init: Option<Duration>,
}

/// The commands that a process sends to the database.
enum Commands {
    /// The function does not have the database's address.
    None,
    /// They are counted.
    Counted(OpenTap),
    /// They are not counted.
    Unknown,
}

impl Process {
    /// Starts a process of a function, waits until it requests its first invocation, and freezes
    /// it.
    pub(super) async fn start(
        function: &Function,
        settings: &Settings,
        api: &RuntimeApi,
        limit: Duration,
    ) -> Result<Self, InvokeError> {
        let slot = api.open_slot();
        let path = settings.binaries.join(&function.binary);
        let built = modified(&path);
        let failed = |error: io::Error| InvokeError::Exited(format!("{}: {error}", path.display()));
        let (commands, database_variable) = tap(function, settings).await.map_err(failed)?;
        let mut variables = function.environment.clone();
        variables.extend(database_variable);
        let connections = match settings.dead_after_freeze {
            Some(_) => Some(Proxy::open(settings.connections.clone(), || Box::new(|_| {})).await.map_err(failed)?),
            None => None,
        };
        if let Some(proxy) = &connections {
            let (from, to) = (&settings.connections, proxy.address().to_string());
            variables.values_mut().for_each(|value| *value = value.replace(from, &to));
        }
        let since = Instant::now();
        let mut child = spawn(&path, function, variables, settings, &slot).await.map_err(failed)?;
        log::forward(child.stdout.take(), function);
        log::forward(child.stderr.take(), function);
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let dead_after_freeze = settings.dead_after_freeze;
        let (frozen, init) = (None, None);
        let mut process =
            Self { slot, child, pid, path, built, commands, connections, dead_after_freeze, frozen, init };
        process.wait_until_ready(limit).await?;
        process.init = Some(since.elapsed());
        Ok(process)
    }

    /// Returns whether the binary was rebuilt since this process started.
    pub(super) fn is_outdated(&self) -> bool {
        modified(&self.path) != self.built
    }

    /// Returns the time that the process took to start. Returns `None` after the first call.
    pub(super) fn take_init_duration(&mut self) -> Option<Duration> {
        self.init.take()
    }

    /// Returns the number of commands that the process has sent to the database, if they are
    /// counted.
    pub(super) fn database_commands(&self) -> Option<u64> {
        match &self.commands {
            Commands::None => Some(0),
            Commands::Counted(tap) => Some(tap.commands()),
            Commands::Unknown => None,
        }
    }

    /// Runs one invocation. After any error except the function's own, the process is unusable.
    pub(super) async fn invoke(&mut self, id: String, payload: Bytes, function: &Function) -> Answer {
        let frozen_for = self.frozen.map(|since| since.elapsed());
        if frozen_for.zip(self.dead_after_freeze).is_some_and(|(frozen, limit)| frozen > limit) {
            self.sever_connections();
        }
        self.signal(Signal::CONT);
        let arn = function_arn(&function.name);
        let answer = self.slot.invoke(Invocation { id, payload, timeout: function.timeout, arn }).await;
        tokio::select! {
            answer = timeout(function.timeout, answer) => match answer {
                Ok(answer) => answer.unwrap_or_else(|_| Err(InvokeError::Exited("without an answer".to_owned()))),
                Err(_) => Err(InvokeError::TimedOut(function.timeout)),
            },
            status = self.child.wait() => Err(exited(status)),
        }
    }

    /// Waits until the process requests the next invocation, then freezes the process.
    pub(super) async fn wait_until_ready(&mut self, limit: Duration) -> Result<(), InvokeError> {
        tokio::select! {
            requested = timeout(limit, self.slot.requested()) => {
                requested.map_err(|_| InvokeError::TimedOut(limit))?;
            }
            status = self.child.wait() => return Err(exited(status)),
        }
        self.signal(Signal::STOP);
        self.frozen = Some(Instant::now());
        Ok(())
    }

    /// Lets the connections to the database and to `@connections` die silently.
    fn sever_connections(&self) {
        if let Commands::Counted(tap) = &self.commands {
            tap.proxy.sever();
        }
        if let Some(proxy) = &self.connections {
            proxy.sever();
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            // If the process is gone, waiting for its answer reports that.
            let _ = kill_process(pid, signal);
        }
    }
}

/// Opens a tap on the database for one process. Also returns the environment variable that points
/// the process to the tap, with its value.
async fn tap(function: &Function, settings: &Settings) -> io::Result<(Commands, Option<(String, String)>)> {
    let Some(tap) = &settings.tap else { return Ok((Commands::Unknown, None)) };
    let Some(value) = function.environment.get(&tap.variable) else { return Ok((Commands::None, None)) };
    let open = tap.open().await?;
    let value = value.replacen(&tap.address, &open.proxy.address().to_string(), 1);
    Ok((Commands::Counted(open), Some((tap.variable.clone(), value))))
}

async fn spawn(
    path: &Path,
    function: &Function,
    variables: BTreeMap<String, String>,
    settings: &Settings,
    slot: &Slot,
) -> io::Result<Child> {
    let mut command = Command::new(path);
    command
        .env_clear()
        .envs(lambda_environment(function, settings))
        .env("AWS_LAMBDA_RUNTIME_API", slot.address())
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(settings.group)
        .kill_on_drop(true);
    let is_replaced = |error: &io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ExecutableFileBusy);
    let since = Instant::now();
    loop {
        match command.spawn() {
            Err(error) if is_replaced(&error) && since.elapsed() < REPLACE_TIMEOUT => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            result => return result,
        }
    }
}

/// Returns the variables that Lambda sets for every function
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
fn lambda_environment(function: &Function, settings: &Settings) -> impl Iterator<Item = (&'static str, String)> {
    let keys = settings.identities.credentials(&function.name).cloned();
    let keys = keys.into_iter().flat_map(|keys| {
        [
            ("AWS_ACCESS_KEY_ID", Some(keys.access_key_id)),
            ("AWS_SECRET_ACCESS_KEY", Some(keys.secret_access_key)),
            ("AWS_SESSION_TOKEN", keys.session_token),
        ]
    });
    let keys = keys.filter_map(|(name, value)| Some((name, value?)));
    let binaries = settings.binaries.display().to_string();
    let variables = [
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", if function.json_logs { "JSON" } else { "Text" }.to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("LAMBDA_TASK_ROOT", binaries.clone()),
        ("LAMBDA_RUNTIME_DIR", binaries),
        ("_HANDLER", "bootstrap".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ];
    variables.into_iter().chain(keys)
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

fn exited(status: io::Result<ExitStatus>) -> InvokeError {
    InvokeError::Exited(status.map_or_else(|error| error.to_string(), |status| status.to_string()))
}
