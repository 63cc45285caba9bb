//! The routes of the template and the descriptions of the APIs.

use std::collections::BTreeSet;

use test_support::descriptions::{actions, operations};
use test_support::{Route, Template};

/// API Gateway's own route keys. They are not actions that clients send.
const LIFECYCLE: [&str; 3] = ["$connect", "$default", "$disconnect"];

/// Returns the routes in the descriptions.
fn described() -> BTreeSet<Route> {
    let endpoints = operations().into_iter().map(|(method, path)| Route::Http { method, path });
    let actions = actions().into_iter().map(|action| Route::WebSocket { key: action.name });
    endpoints.chain(actions).collect()
}

#[test]
fn every_route_is_described() {
    let described = described();
    for function in Template::read().endpoints() {
        for route in &function.routes {
            let is_described = described.contains(route) || LIFECYCLE.contains(&route.to_string().as_str());
            let folder = if matches!(route, Route::Http { .. }) { "endpoints" } else { "actions" };
            assert!(
                is_described,
                "add a file for {route} to shared/src/contract/{folder}, and run `cargo run --bin api-docs`: \
                 {} in template.yaml is not described",
                function.name
            );
        }
    }
}

#[test]
fn everything_described_has_a_route() {
    let template = Template::read();
    let routes: BTreeSet<_> = template.endpoints().flat_map(|function| &function.routes).collect();
    for route in described() {
        let place = match route {
            Route::WebSocket { .. } => "a route of WebSocketApi",
            _ => "a function with this event",
        };
        assert!(routes.contains(&route), "add {place} to template.yaml: {route} is described but does not exist");
    }
}
