//! The program under test, as a process.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::output::Output;

/// The time that the program may take to end.
const END: Duration = Duration::from_secs(30);

/// The prefix of the names of all temporary folders.
const FOLDER: &str = "gateway-";

/// Creates a folder for one gateway. The folder of a shared gateway outlives this process;
/// [`remove_leftovers`] removes it in the next run.
pub(crate) fn temporary_folder() -> TempDir {
    let prefix = format!("{FOLDER}{}-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Removes the folders of processes that have ended.
pub(super) fn remove_leftovers() {
    for entry in fs::read_dir(env!("CARGO_TARGET_TMPDIR")).unwrap().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(FOLDER)?.split_once('-'));
        if owner.is_some_and(|(pid, _)| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Returns a command that starts the gateway. It inherits no variables from the shell except those
/// that cargo needs.
pub(super) fn gateway() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.arg("--stop-with-stdin").env_clear();
    let kept = |name: &str| ["PATH", "HOME"].contains(&name) || name.starts_with("CARGO") || name.starts_with("RUST");
    command.envs(env::vars().filter(|(name, _)| kept(name)));
    command
}

/// A running program that is ready. It ends when the value is dropped or when this process ends,
/// since either closes its standard input.
pub(super) struct Program {
    /// Its last output.
    pub(super) output: Output,
    child: Child,
    announced: HashMap<String, String>,
}

impl Program {
    /// Starts the program and waits until it is ready. If it ends before, returns its exit status
    /// and output.
    pub(super) fn start(mut command: Command) -> Result<Self, (ExitStatus, String)> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Output::default();
        let (announce, lines) = mpsc::channel();
        let stderr = output.drain(child.stderr.take().unwrap(), None);
        output.drain(child.stdout.take().unwrap(), Some(announce));
        let mut announced = HashMap::new();
        for line in lines {
            if line.starts_with("ready") {
                return Ok(Self { output, child, announced });
            }
            if let Some((name, value)) = line.split_once(' ') {
                announced.insert(name.to_owned(), value.trim().to_owned());
            }
        }
        let status = child.wait().unwrap();
        stderr.join().unwrap();
        Err((status, output.to_string()))
    }

    /// Returns the value that it announced under this name.
    pub(super) fn announced(&self, name: &str) -> Option<String> {
        self.announced.get(name).cloned()
    }

    /// Closes its standard input.
    pub(super) fn close_input(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the program to end. Returns `None` if it does not end in time.
    pub(super) fn wait(&mut self) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            let status = self.child.try_wait().unwrap();
            if status.is_some() || start.elapsed() > END {
                return status;
            }
            thread::sleep(Duration::from_millis(20));
        }
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
            eprintln!("the gateway wrote:\n{}", self.output);
        }
    }
}
