//! The process that outlives this one by a moment, so that nothing else does.
//!
//! All children are in one process group, which a copy of this program leads. It reads a pipe that only
//! this process can write to: when that ends, however it ends, the pipe is closed, and the copy kills the group.

use std::io::{self, Read};
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::process::{Signal, getpid, kill_process_group};

/// The argument that makes this program a reaper.
pub(crate) const ARGUMENT: &str = "--reaper";

/// The running reaper.
pub(crate) struct Reaper(Child);

impl Reaper {
    /// Starts it, in a process group of its own: a Ctrl-C in the terminal reaches this process alone.
    pub(crate) fn start() -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(ARGUMENT).stdin(Stdio::piped()).process_group(0).spawn().map(Self)
    }

    /// The group that every child has to join.
    pub(crate) fn group(&self) -> i32 {
        self.0.id().cast_signed()
    }

    /// Kills what is left of the group, and waits until it is gone.
    pub(crate) fn stop(mut self) {
        drop(self.0.stdin.take());
        // It kills itself along with the others, so its status says nothing.
        let _ = self.0.wait();
    }
}

/// What the copy does.
pub(crate) fn run() -> ExitCode {
    // Nothing is ever written: this returns when the pipe is closed.
    let _ = io::stdin().read_to_end(&mut Vec::new());
    match kill_process_group(getpid(), Signal::KILL) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
