//! Waiting for conditions.

use std::time::{Duration, Instant};

/// The time after which waiting fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

const INTERVAL: Duration = Duration::from_millis(20);

/// Waits until `condition` holds.
pub(crate) async fn eventually(expectation: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < DEADLINE, "not within {DEADLINE:?}: {expectation}");
        tokio::time::sleep(INTERVAL).await;
    }
}
