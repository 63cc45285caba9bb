//! The processes of a stack, as the kernel lists them.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use rustix::process::{Pid, Signal, kill_process};

use crate::Stack;

/// A process. A later process with the same id is not equal to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub id: u32,
    started: u64,
    /// The file name of its program.
    pub program: String,
}

impl Process {
    /// Returns whether the process is still running and not a zombie.
    pub fn is_running(&self) -> bool {
        Stat::read(self.id).is_some_and(|stat| stat.started == self.started)
    }

    /// Returns whether the process runs a function.
    pub fn is_function(&self) -> bool {
        mentions(self.id, "environ", "AWS_LAMBDA_RUNTIME_API=")
    }
}

/// Returns the path of the `mongod` that a stack has started.
pub(crate) fn mongod_of(stack: &Stack) -> PathBuf {
    let mut processes = processes_of(stack).into_iter();
    let mongod = processes.find(|process| process.program == "mongod").unwrap();
    fs::read_link(format!("/proc/{}/exe", mongod.id)).unwrap()
}

/// Sends a signal to the processes of a program that `ancestor` has started.
pub fn signal_program(ancestor: u32, program: &str, signal: Signal) {
    for process in running().filter(|id| descends(*id, ancestor)).filter_map(process) {
        if process.program == program {
            send(process.id, signal);
        }
    }
}

/// Sends a signal to a process, which may have ended by now.
pub(crate) fn send(process: u32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(process.cast_signed()).unwrap(), signal);
}

/// Lists the running processes that a stack started, and all others that refer to its data folder.
pub fn processes_of(stack: &Stack) -> Vec<Process> {
    let data = stack.data.to_str().unwrap();
    running().filter(|id| descends(*id, stack.pid()) || knows(*id, data)).filter_map(process).collect()
}

/// Kills processes of these programs at random instants, until the future is dropped.
pub async fn keep_killing(stack: &Stack, programs: &[&str], mut random: StdRng) -> Infallible {
    loop {
        tokio::time::sleep(Duration::from_millis(random.random_range(1..30))).await;
        let mut victims = processes_of(stack);
        victims.retain(|process| programs.contains(&process.program.as_str()));
        if !victims.is_empty() {
            let victim = &victims[random.random_range(0..victims.len())];
            send(victim.id, Signal::KILL);
        }
    }
}

/// Lists the running processes that refer to this folder in their arguments or environment.
pub fn processes_that_know(folder: &Path) -> Vec<Process> {
    let folder = folder.to_str().unwrap();
    running().filter(|id| knows(*id, folder)).filter_map(process).collect()
}

/// Returns the ids of all processes except this one.
fn running() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| *id != std::process::id())
}

fn process(id: u32) -> Option<Process> {
    let started = Stat::read(id)?.started;
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
    let mut parents = std::iter::successors(Some(id), |id| Stat::read(*id).map(|stat| stat.parent)).skip(1);
    parents.any(|parent| parent == from)
}

/// Some fields of `/proc/ID/stat`; see proc(5).
struct Stat {
    parent: u32,
    started: u64,
}

impl Stat {
    /// Returns `None` if the process does not exist, or if only its exit status is left.
    fn read(id: u32) -> Option<Self> {
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
