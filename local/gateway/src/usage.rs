//! Counts what AWS bills, in the units that it bills.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// One billed WebSocket message, in bytes (<https://aws.amazon.com/api-gateway/pricing/>).
const MESSAGE: usize = 32 * 1024;

/// One billed request to an HTTP API, in bytes.
const REQUEST: usize = 512 * 1024;

/// The usage that AWS would have billed since the gateway started, without data transfer, logs and traces.
///
/// `README.md` says which of the rules are documented by AWS and which are assumptions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Usage {
    /// Requests to the HTTP API, in units of 512 KB of their bodies.
    pub http_requests: u64,
    /// WebSocket messages from clients, in units of 32 KB.
    pub messages_received: u64,
    /// WebSocket messages to clients, in units of 32 KB.
    pub messages_sent: u64,
    /// The time that sockets were open, in minutes, by the clock that [`time_scale`] speeds up.
    /// Nothing is rounded.
    ///
    /// [`time_scale`]: crate::Gateway::time_scale
    pub connection_minutes: f64,
    /// The functions that were invoked, by their logical ids.
    pub functions: BTreeMap<String, FunctionUsage>,
}

/// The usage of one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FunctionUsage {
    /// How often it was invoked, for whatever reason and with whatever outcome.
    pub invocations: u64,
    /// How long it ran on this machine, in milliseconds. Each invocation is rounded up. The first
    /// one of a process includes the start of the process, and each includes what the function does
    /// after its answer.
    pub billed_millis: u64,
}

/// Counts usage. A clone counts into the same [`Usage`].
#[derive(Clone)]
pub(crate) struct Meter(Arc<Inner>);

struct Inner {
    time_scale: u32,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// All but the sockets that are still open.
    usage: Usage,
    /// The sockets that are open, by the ids of their connections, and since when.
    open: HashMap<String, Instant>,
}

impl Meter {
    /// A meter for sockets whose clocks run `time_scale` times as fast as this machine's.
    pub(crate) fn new(time_scale: u32) -> Self {
        Self(Arc::new(Inner { time_scale, counts: Mutex::default() }))
    }

    /// Counts a request to the HTTP API whose body has this many bytes.
    pub(crate) fn count_request(&self, bytes: usize) {
        self.counts().usage.http_requests += units(bytes, REQUEST);
    }

    /// Counts a message of this many bytes from a client.
    pub(crate) fn count_received(&self, bytes: usize) {
        self.counts().usage.messages_received += units(bytes, MESSAGE);
    }

    /// Counts a message of this many bytes to a client.
    pub(crate) fn count_sent(&self, bytes: usize) {
        self.counts().usage.messages_sent += units(bytes, MESSAGE);
    }

    /// Starts the minutes of a connection.
    pub(crate) fn open(&self, connection_id: &str) {
        self.counts().open.insert(connection_id.to_owned(), Instant::now());
    }

    /// Ends the minutes of a connection.
    pub(crate) fn close(&self, connection_id: &str) {
        let mut counts = self.counts();
        if let Some(since) = counts.open.remove(connection_id) {
            counts.usage.connection_minutes += self.minutes_since(since);
        }
    }

    /// Counts an invocation that begins. Its duration follows when it is known.
    pub(crate) fn count_invocation(&self, function: &str) {
        self.counts().usage.functions.entry(function.to_owned()).or_default().invocations += 1;
    }

    /// Adds the duration of an invocation that was counted.
    pub(crate) fn add_duration(&self, function: &str, duration: Duration) {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        self.counts().usage.functions.entry(function.to_owned()).or_default().billed_millis += millis;
    }

    /// Returns the usage until now.
    pub(crate) fn usage(&self) -> Usage {
        let counts = self.counts();
        let mut usage = counts.usage.clone();
        usage.connection_minutes += counts.open.values().map(|since| self.minutes_since(*since)).sum::<f64>();
        usage
    }

    fn minutes_since(&self, since: Instant) -> f64 {
        since.elapsed().as_secs_f64() / 60.0 * f64::from(self.0.time_scale)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how many units this many bytes are billed as. Nothing is still one.
fn units(bytes: usize, unit: usize) -> u64 {
    bytes.div_ceil(unit).max(1).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_that_is_begun_is_billed() {
        for (bytes, expected) in [(0, 1), (1, 1), (MESSAGE, 1), (MESSAGE + 1, 2), (4 * MESSAGE, 4)] {
            assert_eq!(units(bytes, MESSAGE), expected, "{bytes}");
        }
    }

    #[test]
    fn each_duration_is_rounded_up_to_a_millisecond() {
        let meter = Meter::new(1);
        for micros in [0, 1, 1000, 1001] {
            meter.add_duration("Function", Duration::from_micros(micros));
        }
        assert_eq!(meter.usage().functions["Function"].billed_millis, 1 + 1 + 2);
    }
}
