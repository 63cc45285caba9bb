//! Waiting for what happens soon.

use std::time::{Duration, Instant};

/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

const INTERVAL: Duration = Duration::from_millis(20);

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < DEADLINE, "after {DEADLINE:?} it is not so that {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Waits, without a runtime, until `look` finds something; `None` when it does not within `deadline`.
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
