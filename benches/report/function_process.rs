//! The resources of a function's process, as the kernel reports them (proc(5), Linux only).

use std::fs;
use std::time::Duration;

use test_support::{Stack, processes_of};

/// A function's process.
#[derive(Clone, Copy)]
pub(crate) struct FunctionProcess(u32);

impl FunctionProcess {
    /// Returns the only process of the binary in this stack.
    pub(crate) fn find(stack: &Stack, binary: &str) -> Self {
        let mut processes = processes_of(stack).into_iter().filter(|process| process.program == binary);
        Self(processes.next().unwrap_or_else(|| panic!("{binary} is not running")).id)
    }

    /// Returns the process with this id.
    pub(crate) fn with_id(id: u32) -> Self {
        Self(id)
    }

    /// Returns the processor time of all its threads so far.
    pub(crate) fn cpu_time(self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).unwrap().flatten();
        let nanoseconds = threads.map(|thread| {
            let schedule = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            schedule.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<u64>().ok()).unwrap_or_default()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// Returns its resident memory in megabytes, including the loaded parts of its file.
    pub(crate) fn resident_megabytes(self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kibibytes * 1024.0 / 1e6
    }
}
