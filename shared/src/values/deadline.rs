//! The time until which a request may still have an effect.

use std::time::Duration;

use super::timestamp::Timestamp;

/// The time after which the caller has long been told that the request failed. A handler has 4.5
/// seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// The time until which a request may still have an effect, by the clock of this process.
///
/// Lambda freezes a process between invocations. A command of an unfinished request may be sent when
/// the process is thawed, minutes later.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Timestamp);

impl Deadline {
    /// Returns the deadline of a request that arrives now.
    pub fn of_request() -> Self {
        Self(Timestamp::now() + PATIENCE)
    }

    /// Returns the deadline at this time.
    pub fn at(time: Timestamp) -> Self {
        Self(time)
    }

    /// Returns the time.
    pub fn time(self) -> Timestamp {
        self.0
    }

    /// Returns whether the time has passed.
    pub fn has_passed(self) -> bool {
        Timestamp::now() > self.0
    }
}
