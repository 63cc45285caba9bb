//! The program under test, as a process.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, thread};

use crate::output::Output;
use crate::template::Template;
use crate::wait::poll;
use crate::workspace::{PROGRAM, binaries};

/// The time that the program may take to end.
const END: Duration = Duration::from_secs(30);

/// A running program that is ready. It ends when the value is dropped or when this process ends,
/// since either closes its standard input.
pub(crate) struct Program {
    /// Its last output.
    pub(crate) output: Output,
    pub(crate) child: Child,
    facts: HashMap<String, String>,
}

impl Program {
    /// Returns a command that starts the program on free ports, with its data in this folder. It
    /// inherits none of the shell's variables that configure the stack or a function.
    pub(crate) fn command(data: &Path) -> Command {
        let mut command = Command::new(binaries().join(PROGRAM));
        for variable in Template::read().variables() {
            command.env_remove(variable);
        }
        for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
            if name.starts_with("LOCAL_") {
                command.env_remove(name);
            }
        }
        command.env("APP_PORT", "0").env("LOCAL_DATA_DIR", data).env("LOCAL_STOP_WITH_STDIN", "true");
        command
    }

    /// Starts the program and waits until it is ready. If it ends before, returns its exit status
    /// and output.
    pub(crate) fn start(mut command: Command) -> Result<Self, (ExitStatus, String)> {
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

    /// Returns the value that it announced under this name.
    pub(crate) fn fact(&self, name: &str) -> String {
        self.facts.get(name).unwrap_or_else(|| panic!("the stack did not announce {name}:\n{}", self.output)).clone()
    }

    /// Closes its standard input.
    pub(crate) fn close_input(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits for the program to end. Returns `None` if it does not end in time.
    pub(crate) fn wait(&mut self) -> Option<ExitStatus> {
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
