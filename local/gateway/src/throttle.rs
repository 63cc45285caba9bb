//! Throttling with token buckets
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html>).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::template::{Limit, Throttling};

/// The limit of new sockets per second in an account
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
const NEW_SOCKETS: Limit = Limit { rate: 500.0, burst: 500.0 };

/// The limits of the account, which all APIs share.
#[derive(Clone)]
pub(crate) struct Account {
    requests: Arc<Bucket>,
    new_sockets: Arc<Bucket>,
}

impl Account {
    pub(crate) fn new() -> Self {
        let bucket = |limit| Arc::new(Bucket::new(limit));
        Self { requests: bucket(Limit::ACCOUNT), new_sockets: bucket(NEW_SOCKETS) }
    }
}

/// The limits of one API. Clones share them. Without limits, it admits everything.
#[derive(Clone, Default)]
pub(crate) struct Throttle(Option<Arc<Limits>>);

struct Limits {
    account: Account,
    default: Option<Bucket>,
    routes: HashMap<String, Bucket>,
}

impl Throttle {
    /// Creates the limits of an API in an account that has limits.
    pub(crate) fn new(account: Option<&Account>, throttling: &Throttling) -> Self {
        Self(account.map(|account| {
            let routes = throttling.routes.iter().map(|(key, limit)| (key.clone(), Bucket::new(*limit)));
            let (account, default) = (account.clone(), throttling.default.map(Bucket::new));
            Arc::new(Limits { account, default, routes: routes.collect() })
        }))
    }

    /// Returns whether the limits admit a request to a route now. Routes without a limit of their own
    /// share that of the stage.
    pub(crate) fn admits(&self, route: &str) -> bool {
        let Some(limits) = &self.0 else { return true };
        let bucket = limits.routes.get(route).or(limits.default.as_ref());
        bucket.is_none_or(Bucket::take) && limits.account.requests.take()
    }

    /// Returns whether the account's limit admits a request that belongs to no route.
    pub(crate) fn admits_unrouted(&self) -> bool {
        self.0.as_ref().is_none_or(|limits| limits.account.requests.take())
    }

    /// Returns whether the account's limit admits another socket now.
    pub(crate) fn admits_socket(&self) -> bool {
        self.0.as_ref().is_none_or(|limits| limits.account.new_sockets.take())
    }
}

/// A bucket that fills at a rate, and holds at most a burst.
struct Bucket {
    limit: Limit,
    /// The number of tokens, and since when.
    level: Mutex<(f64, Instant)>,
}

impl Bucket {
    fn new(limit: Limit) -> Self {
        Self { limit, level: Mutex::new((limit.burst, Instant::now())) }
    }

    /// Takes a token, if there is one.
    fn take(&self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> bool {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, since) = *level;
        let new = now.saturating_duration_since(since).as_secs_f64() * self.limit.rate;
        let tokens = (tokens + new).min(self.limit.burst);
        let admits = tokens >= 1.0;
        *level = (if admits { tokens - 1.0 } else { tokens }, now);
        admits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_admits_a_burst_and_then_its_rate() {
        let bucket = Bucket::new(Limit { rate: 5.0, burst: 20.0 });
        let now = Instant::now();
        let admitted = |at: Instant| (0..100).filter(|_| bucket.take_at(at)).count();

        assert_eq!(admitted(now), 20);
        assert_eq!(admitted(now + Duration::from_secs(1)), 5);
        assert_eq!(admitted(now + Duration::from_secs(3)), 10);
        assert_eq!(admitted(now + Duration::from_secs(1000)), 20);
    }
}
