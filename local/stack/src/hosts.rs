//! Refuses requests for other hosts.
//!
//! A page on the web can point a name of its own at 127.0.0.1 ("DNS rebinding") and would then be of
//! the same origin as the mails here. Its requests name its own host.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

/// The hosts that may be named. An IP address cannot be pointed elsewhere, so all are.
#[derive(Clone)]
pub(crate) struct Hosts(Arc<[String]>);

impl Hosts {
    /// Returns `localhost` and these names.
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().cloned().chain(["localhost".to_owned()]).collect())
    }

    /// Lets routes answer only requests that name one of the hosts.
    pub(crate) fn protect(self, routes: Router) -> Router {
        routes.layer(from_fn(move |request, next| check(self.clone(), request, next)))
    }

    fn allow(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
        host.is_some_and(|authority| {
            let host = authority.host();
            let is_address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
            is_address || self.0.iter().any(|name| name.eq_ignore_ascii_case(host))
        })
    }
}

async fn check(hosts: Hosts, request: Request, next: Next) -> Response {
    if hosts.allow(request.headers()) {
        return next.run(request).await;
    }
    let reason = "this host is not served: use localhost, or name the host in LOCAL_HOSTS";
    (StatusCode::MISDIRECTED_REQUEST, reason).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_configured_names_are_hosts() {
        let hosts = Hosts::new(&["chat.test".to_owned(), String::new()]);
        for (host, expected) in [
            ("localhost:3000", true),
            ("LOCALHOST", true),
            ("127.0.0.1:3000", true),
            ("[::1]:3000", true),
            ("chat.test:3000", true),
            ("evil.example", false),
            ("localhost.evil.example:3000", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
            assert_eq!(hosts.allow(&headers), expected, "{host:?}");
        }
        assert!(!hosts.allow(&HeaderMap::new()));
    }
}
