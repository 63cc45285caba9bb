//! The program under test, as a process.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, fs, thread};

use tempfile::TempDir;

use super::output::Output;
use super::wait::poll;

/// How long it may take to end.
const END: Duration = Duration::from_secs(30);

/// What could leak from the shell of whoever runs the tests, beside what begins with `LOCAL_`.
const VARIABLES: [&str; 15] = [
    "ACCESS_TOKEN_TTL",
    "ALLOWED_ORIGINS",
    "COOKIE_DOMAIN",
    "COOKIE_SAME_SITE",
    "COOKIE_SECURE",
    "DATABASE_URL",
    "EMAIL_FROM",
    "EMAIL_SERVICE_KEY",
    "EMAIL_SERVICE_URL",
    "EMAIL_SERVICE_USERNAME",
    "PUBLIC_DIRECTORY",
    "SECRET_KEY",
    "SECRET_KEY_ACCESS",
    "WEBSOCKET_ENDPOINT",
    "WEBSOCKET_URL",
];

/// How the names of all folders of stacks begin.
const FOLDER: &str = "stack-";

/// A folder for one stack. That of a shared one outlives this process; [`remove_leftovers`] removes it in the next run.
pub(crate) fn temporary_folder() -> TempDir {
    let prefix = format!("{FOLDER}{}-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Removes the folders of processes that are no more.
pub(super) fn remove_leftovers() {
    for entry in fs::read_dir(env!("CARGO_TARGET_TMPDIR")).unwrap().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(FOLDER)?.split_once('-'));
        if owner.is_some_and(|(pid, _)| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A running program that is ready. It ends when this is dropped, or when this process ends, since that closes its standard input.
pub(super) struct Program {
    /// What it wrote last.
    pub(super) output: Output,
    pub(super) child: Child,
    facts: HashMap<String, String>,
}

impl Program {
    /// What starts it on free ports, with its data in this folder.
    pub(super) fn command(data: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
            if name.starts_with("LOCAL_") || VARIABLES.contains(&name.as_str()) {
                command.env_remove(name);
            }
        }
        command.env("APP_PORT", "0").env("LOCAL_DATA_DIR", data).env("LOCAL_STOP_WITH_STDIN", "true");
        command
    }

    /// Starts it and waits until it is ready. If it gives up, returns how, and what it said.
    pub(super) fn start(mut command: Command) -> Result<Self, (ExitStatus, String)> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Output::default();
        let (announce, announced) = mpsc::channel();
        let stderr = output.drain(child.stderr.take().unwrap(), None);
        output.drain(child.stdout.take().unwrap(), Some(announce));
        let mut facts = HashMap::new();
        for line in announced {
            if line.starts_with("ready") {
                return Ok(Self { output, child, facts });
            }
            if let Some((name, value)) = line.split_once(' ') {
                facts.insert(name.to_owned(), value.trim().to_owned());
            }
        }
        let status = child.wait().unwrap();
        stderr.join().unwrap();
        Err((status, output.to_string()))
    }

    /// What it announced under this name.
    pub(super) fn fact(&self, name: &str) -> String {
        self.facts.get(name).unwrap_or_else(|| panic!("no {name} is announced:\n{}", self.output)).clone()
    }

    /// Closes its standard input.
    pub(super) fn close_input(&mut self) {
        drop(self.child.stdin.take());
    }

    /// How it ends, if it does in time.
    pub(super) fn wait(&mut self) -> Option<ExitStatus> {
        poll(END, || self.child.try_wait().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.close_input();
        if self.wait().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if thread::panicking() {
            eprintln!("the stack wrote:\n{}", self.output);
        }
    }
}
