//! The system under fire: real binaries, a replica set whose servers die, a mail server that fails,
//! functions that are killed at each of their steps, networks that go silent.
//!
//! `FAULT_SEED` repeats the choices of a run, and `FAULT_ROUNDS` is the number of seeds that the tests
//! under load run with.

#![expect(clippy::unwrap_used, reason = "a failure in a helper is the failure of the test that called it")]

mod database;
mod functions;
mod load;
mod mail;
mod sockets;
mod steps;

use std::env;
use std::sync::LazyLock;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use test_support::{ReplicaSet, seed};
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, MutexGuard};

/// The time within which every request is answered: the five seconds of the contract, plus one for a
/// busy machine.
const ANSWER: Duration = Duration::from_secs(6);

/// The time after the end of a fault within which the service is back.
const BACK: Duration = Duration::from_secs(5);

/// Runs a test on the runtime of all tests, because they share the replica set and its clients.
fn run(test: impl Future<Output = ()>) {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    RUNTIME.block_on(test);
}

/// Returns the replica set, without faults. The tests that use it wait for each other.
async fn replica_set() -> MutexGuard<'static, Option<ReplicaSet>> {
    static SET: Mutex<Option<ReplicaSet>> = Mutex::const_new(None);
    let mut guard = SET.lock().await;
    match guard.as_mut() {
        Some(set) => set.heal().await,
        None => *guard = Some(ReplicaSet::start().await),
    }
    guard
}

/// Returns the seeds to run a test with.
fn seeds() -> Vec<u64> {
    let first = seed("FAULT_SEED");
    let rounds = env::var("FAULT_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let others = StdRng::seed_from_u64(first).random_iter::<u64>().take(rounds - 1).collect::<Vec<_>>();
    std::iter::once(first).chain(others).collect()
}
