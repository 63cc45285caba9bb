//! Waiting for conditions.

use std::time::{Duration, Instant};

/// The time after which waiting fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

const INTERVAL: Duration = Duration::from_millis(20);

/// Waits until `condition` holds. `expectation` states the condition as a sentence.
pub async fn eventually(expectation: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < DEADLINE, "not within {DEADLINE:?}: {expectation}");
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Waits, without a runtime, until `probe` returns a value. Returns `None` if it does not within
/// `deadline`.
pub(crate) fn poll<T>(deadline: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let value = probe();
        if value.is_some() || start.elapsed() > deadline {
            return value;
        }
        std::thread::sleep(INTERVAL);
    }
}
