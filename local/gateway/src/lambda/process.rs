//! One process of a function: an execution environment, in Lambda's words.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use super::runtime_api::{Answer, Delivery, Line};
use super::tap::Tap;
use super::{HostSettings, InvokeError, RuntimeApi};
use crate::template::Function;

/// Lambda gives an environment ten seconds to initialise.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// The variable that leads functions to the database.
const DATABASE_URL: &str = "DATABASE_URL";

/// How long a binary may be missing while cargo puts a new one in its place.
const REPLACE_TIMEOUT: Duration = Duration::from_secs(5);

/// A running process. Dropping it kills it.
pub(super) struct Process {
    line: Line,
    child: Child,
    pid: Option<Pid>,
    path: PathBuf,
    built: Option<SystemTime>,
    tap: Option<Tap>,
    /// How long it took to start, until it is asked.
    init: Option<Duration>,
}

impl Process {
    /// Starts a process of a function, waits until it asks for its first invocation, and freezes it.
    pub(super) async fn start(
        function: &Function,
        settings: &HostSettings,
        api: &RuntimeApi,
    ) -> Result<Self, InvokeError> {
        let line = api.open();
        let path = settings.binaries.join(&function.binary);
        let built = modified(&path);
        let failed = |error: io::Error| InvokeError::Exited(format!("{}: {error}", path.display()));
        let (tap, database_url) = tap(function, settings).await.map_err(failed)?.unzip();
        let since = Instant::now();
        let mut child = spawn(&path, function, database_url, settings, &line).await.map_err(failed)?;
        forward(child.stdout.take(), &function.name);
        forward(child.stderr.take(), &function.name);
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let mut process = Self { line, child, pid, path, built, tap, init: None };
        process.wait_until_ready(INIT_TIMEOUT).await?;
        process.init = Some(since.elapsed());
        Ok(process)
    }

    /// Whether the binary was built anew since this process started.
    pub(super) fn is_outdated(&self) -> bool {
        modified(&self.path) != self.built
    }

    /// How long the process took to start, the first time that this is asked.
    pub(super) fn first_invocation(&mut self) -> Option<Duration> {
        self.init.take()
    }

    /// How many commands it sent to the database so far, if they can be counted.
    pub(super) fn database_commands(&self, function: &Function) -> Option<u64> {
        let has_database = function.environment.contains_key(DATABASE_URL);
        if has_database { self.tap.as_ref().map(Tap::commands) } else { Some(0) }
    }

    /// Hands one invocation to the process. After an error that is not the function's own the process is of no more use.
    pub(super) async fn invoke(&mut self, id: String, payload: Bytes, function: &Function) -> Answer {
        self.signal(Signal::CONT);
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", function.name);
        let answer = self.line.deliver(Delivery { id, payload, timeout: function.timeout, arn }).await;
        tokio::select! {
            answer = timeout(function.timeout, answer) => match answer {
                Ok(answer) => answer.unwrap_or_else(|_| Err(InvokeError::Exited("without an answer".to_owned()))),
                Err(_) => Err(InvokeError::TimedOut(function.timeout)),
            },
            status = self.child.wait() => Err(exited(status)),
        }
    }

    /// Waits until the process asks for the next invocation, and freezes it: from then on nothing in it runs.
    pub(super) async fn wait_until_ready(&mut self, limit: Duration) -> Result<(), InvokeError> {
        tokio::select! {
            asked = timeout(limit, self.line.asked()) => asked.map_err(|_| InvokeError::TimedOut(limit))?,
            status = self.child.wait() => return Err(exited(status)),
        }
        self.signal(Signal::STOP);
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            // If it is gone, waiting for its answer tells.
            let _ = kill_process(pid, signal);
        }
    }
}

/// A way to the database that counts, and the connection string that leads there; nothing for a function without a database.
async fn tap(function: &Function, settings: &HostSettings) -> io::Result<Option<(Tap, String)>> {
    let (Some(database), Some(url)) = (&settings.database, function.environment.get(DATABASE_URL)) else {
        return Ok(None);
    };
    let tap = Tap::open(database).await?;
    let url = url.replacen(database, &tap.address.to_string(), 1);
    Ok(Some((tap, url)))
}

async fn spawn(
    path: &Path,
    function: &Function,
    database_url: Option<String>,
    settings: &HostSettings,
    line: &Line,
) -> io::Result<Child> {
    let mut command = Command::new(path);
    command
        .env_clear()
        .envs(lambda_environment(function))
        .env("AWS_LAMBDA_RUNTIME_API", line.address())
        .envs(&function.environment)
        .envs(database_url.map(|url| (DATABASE_URL, url)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(settings.group)
        .kill_on_drop(true);
    let replaced = |error: &io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ExecutableFileBusy);
    let since = Instant::now();
    loop {
        match command.spawn() {
            Err(error) if replaced(&error) && since.elapsed() < REPLACE_TIMEOUT => {
                tokio::time::sleep(Duration::from_millis(20)).await
            }
            result => return result,
        }
    }
}

/// What Lambda sets for every function
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>). The keys are none.
fn lambda_environment(function: &Function) -> [(&'static str, String); 11] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ]
}

/// Prints what a process writes, line by line with its name in front, until it ends.
fn forward(output: Option<impl AsyncRead + Send + Unpin + 'static>, name: &str) {
    let Some(output) = output else { return };
    let name = name.to_owned();
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            println!("[{name}] {line}");
        }
    });
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

fn exited(status: io::Result<std::process::ExitStatus>) -> InvokeError {
    InvokeError::Exited(status.map_or_else(|error| error.to_string(), |status| status.to_string()))
}
