//! The processes of a stack, as the kernel lists them.

use std::fs;
use std::path::Path;

use super::stack::Stack;

/// One process. A later one with the same id is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) id: u32,
    started: u64,
    /// The file name of its program.
    pub(crate) program: String,
}

impl Process {
    /// Whether it still runs. One that ended and was not waited for does not.
    pub(crate) fn is_running(&self) -> bool {
        Stat::of(self.id).is_some_and(|stat| stat.started == self.started)
    }

    /// Whether it is a function's.
    pub(crate) fn is_function(&self) -> bool {
        mentions(self.id, "environ", "AWS_LAMBDA_RUNTIME_API=")
    }
}

/// The running processes that a stack started, and any that know its folder.
pub(crate) fn processes_of(stack: &Stack) -> Vec<Process> {
    let data = stack.data.to_str().unwrap();
    running().filter(|id| descends(*id, stack.pid()) || knows(*id, data)).filter_map(process).collect()
}

/// The running processes that know this folder, whoever started them.
pub(crate) fn processes_that_know(folder: &Path) -> Vec<Process> {
    let folder = folder.to_str().unwrap();
    running().filter(|id| knows(*id, folder)).filter_map(process).collect()
}

/// Every process but this one.
fn running() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| *id != std::process::id())
}

fn process(id: u32) -> Option<Process> {
    let started = Stat::of(id)?.started;
    let program = fs::read_link(format!("/proc/{id}/exe")).ok()?;
    Some(Process { id, started, program: program.file_name()?.to_str()?.to_owned() })
}

fn knows(id: u32, folder: &str) -> bool {
    mentions(id, "cmdline", folder) || mentions(id, "environ", folder)
}

fn mentions(id: u32, file: &str, text: &str) -> bool {
    let content = fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
    String::from_utf8_lossy(&content).contains(text)
}

fn descends(id: u32, from: u32) -> bool {
    let mut parents = std::iter::successors(Some(id), |id| Stat::of(*id).map(|stat| stat.parent)).skip(1);
    parents.any(|parent| parent == from)
}

/// What `/proc/ID/stat` says, see proc(5).
struct Stat {
    parent: u32,
    started: u64,
}

impl Stat {
    /// `None` when there is no such process, or nothing but its exit status is left of it.
    fn of(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let ended = matches!(*fields.first()?, "Z" | "X");
        if ended {
            None
        } else {
            Some(Self { parent: fields.get(1)?.parse().ok()?, started: fields.get(19)?.parse().ok()? })
        }
    }
}
