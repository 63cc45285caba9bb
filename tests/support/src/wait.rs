//! Waiting for something that happens soon.

use std::time::{Duration, Instant};

/// The time that anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

const INTERVAL: Duration = Duration::from_millis(20);

/// Waits until `condition` holds, which `what` states as a sentence.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < DEADLINE, "after {DEADLINE:?} it is still not true that {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Waits, without a runtime, until `look` finds something. Returns `None` if it does not within
/// `deadline`.
pub(crate) fn poll<T>(deadline: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let found = look();
        if found.is_some() || start.elapsed() > deadline {
            return found;
        }
        std::thread::sleep(INTERVAL);
    }
}
