//! The process group of all child processes. It ends with this process.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::error::Error;

/// Waits for the end of its input, then kills its process group, including itself.
const SCRIPT: &str = "cat >/dev/null; kill -KILL 0";

/// A process group that does not outlive this process, even if this process is killed.
///
/// A shell leads the group and reads from a pipe that only this process can write to. The pipe
/// closes when this process ends, however it ends, and the shell then kills the group. Dropping the
/// group does the same.
#[derive(Debug)]
pub struct ProcessGroup {
    leader: Child,
}

impl ProcessGroup {
    /// Starts an empty group. A Ctrl-C in the terminal reaches this process but not the group.
    ///
    /// # Errors
    /// Returns an error if no shell can be started.
    pub fn start() -> Result<Self, Error> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).process_group(0);
        let leader = command.spawn().map_err(Error::ProcessGroup)?;
        Ok(Self { leader })
    }

    /// Returns the id of the group, which child processes must be started with.
    pub fn id(&self) -> i32 {
        self.leader.id().cast_signed()
    }
}

impl Drop for ProcessGroup {
    /// Kills the remaining processes of the group and waits until the leader is gone.
    fn drop(&mut self) {
        drop(self.leader.stdin.take());
        // The leader kills itself along with the others, so its status carries no information.
        let _ = self.leader.wait();
    }
}
