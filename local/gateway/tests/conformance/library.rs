//! The gateway as a library, embedded in a program that adds routes and a page.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::{any, get};
use gateway::{Gateway, HttpApi, Listeners, ProcessGroup, RunningGateway};
use reqwest::Method;
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
use serde_json::{Value, json};

use crate::harness::{conformance, eventually, probe};

/// Starts a gateway with a page at `/` and some routes.
async fn start(processes: &ProcessGroup) -> RunningGateway {
    let routes = |api: &HttpApi| {
        let again = api.clone();
        let again = any(async move |mut request: Request| {
            *request.uri_mut() = "/routes/exact".parse().unwrap();
            again.answer(request).await
        });
        let readable = api.allow_origins(Router::new().route("/readable", get("mine")));
        Router::new().route("/again", again).route("/routes/other", get("mine")).merge(readable)
    };
    let gateway = Gateway::new(conformance("template.yaml"), probe(), processes);
    let gateway = gateway.routes(routes).index(|| "the page".into_response());
    gateway.start(Listeners::bind(0).await.unwrap()).await.unwrap()
}

async fn send(gateway: &RunningGateway, method: Method, path: &str) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(method, format!("{}{path}", gateway.http_url()));
    request.header(ORIGIN, "https://page.example").send().await.unwrap()
}

#[tokio::test]
async fn extra_routes_precede_those_of_the_template() {
    let processes = ProcessGroup::start().unwrap();
    let gateway = start(&processes).await;

    assert_eq!(send(&gateway, Method::GET, "/routes/other").await.text().await.unwrap(), "mine");
    let event: Value = send(&gateway, Method::GET, "/routes/another").await.json().await.unwrap();
    assert_eq!(event["routeKey"], "GET /routes/{name}");
    gateway.stop().await;
}

#[tokio::test]
async fn extra_routes_can_build_on_the_api() {
    let processes = ProcessGroup::start().unwrap();
    let gateway = start(&processes).await;

    let event: Value = send(&gateway, Method::GET, "/again").await.json().await.unwrap();

    assert_eq!(event["routeKey"], "GET /routes/exact");
    gateway.stop().await;
}

#[tokio::test]
async fn pages_of_allowed_origins_read_only_the_routes_that_allow_it() {
    let processes = ProcessGroup::start().unwrap();
    let gateway = start(&processes).await;

    for (path, allowed) in [("/readable", true), ("/routes/other", false)] {
        let answer = send(&gateway, Method::GET, path).await;

        assert_eq!(answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), allowed, "{path}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn only_get_returns_the_page() {
    let processes = ProcessGroup::start().unwrap();
    let gateway = start(&processes).await;

    assert_eq!(send(&gateway, Method::GET, "/").await.text().await.unwrap(), "the page");
    assert_eq!(send(&gateway, Method::POST, "/").await.status(), 404);
    gateway.stop().await;
}

#[tokio::test]
async fn stopping_ends_the_processes_of_functions() {
    let processes = ProcessGroup::start().unwrap();
    let gateway = start(&processes).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/2015-03-31/functions/Reused/invocations", gateway.http_url());
    let report = client.post(url).json(&json!({})).send().await.unwrap();
    let process = report.json::<Value>().await.unwrap()["process"].to_string();

    gateway.stop().await;

    eventually("the process ends", async || !Path::new("/proc").join(&process).exists()).await;
}

#[tokio::test]
async fn a_program_reads_the_usage_that_the_route_reports() {
    let processes = ProcessGroup::start().unwrap();
    let gateway = start(&processes).await;

    send(&gateway, Method::GET, "/routes/exact").await;

    let usage = gateway.usage();
    assert_eq!((usage.http_requests, usage.functions["Echo"].invocations), (1, 1));
    let answer = send(&gateway, Method::GET, "/_local/usage").await;
    assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://page.example");
    assert_eq!(answer.json::<Value>().await.unwrap()["httpRequests"], 1);
    gateway.stop().await;
}

#[tokio::test]
async fn routes_of_the_program_are_not_billed() {
    let processes = ProcessGroup::start().unwrap();
    let gateway = start(&processes).await;

    for path in ["/", "/routes/other"] {
        send(&gateway, Method::GET, path).await;
    }

    assert_eq!(gateway.usage().http_requests, 0);
    gateway.stop().await;
}
