//! The share of a processor that Lambda gives to a handler, by a control group of Linux.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The memory of the functions, and the memory for which Lambda gives a whole processor, in megabytes
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
const MEMORY: u32 = 256;
const WHOLE_PROCESSOR: u32 = 1769;

/// The period in which a process may use its share, in microseconds.
pub(crate) const PERIOD: u32 = 20_000;

/// The folders of control groups for the processor, in versions 1 and 2.
const V1: &str = "/sys/fs/cgroup/cpu";
const V2: &str = "/sys/fs/cgroup";

/// A control group whose processes have the share of a processor. It is removed when the value is
/// dropped, after its processes have ended.
pub(crate) struct Share(PathBuf);

impl Share {
    /// Creates the control group.
    ///
    /// # Errors
    /// Returns an error if this user may not, as in most containers.
    pub(crate) fn create() -> io::Result<Self> {
        let (quota, name) = (PERIOD * MEMORY / WHOLE_PROCESSOR, format!("chat-bench-{}", std::process::id()));
        let is_v1 = Path::new(V1).join("cpu.cfs_quota_us").exists();
        let group = Path::new(if is_v1 { V1 } else { V2 }).join(name);
        fs::create_dir(&group)?;
        let share = Self(group);
        if is_v1 {
            share.write("cpu.cfs_period_us", PERIOD)?;
            share.write("cpu.cfs_quota_us", quota)?;
        } else {
            share.write("cpu.max", format!("{quota} {PERIOD}"))?;
        }
        Ok(share)
    }

    /// Limits a process to the share.
    pub(crate) fn limit(&self, process: u32) {
        self.write("cgroup.procs", process).unwrap();
    }

    fn write(&self, file: &str, value: impl ToString) -> io::Result<()> {
        fs::write(self.0.join(file), value.to_string())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}
