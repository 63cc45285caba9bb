//! The routing of requests, and requests that no function handles.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, bare, raw, shared};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn exact_routes_precede_parameters_which_precede_greedy_parameters() {
    for (path, key) in [
        ("/routes/exact", "GET /routes/exact"),
        ("/routes/other", "GET /routes/{name}"),
        ("/routes/one/two", "GET /routes/{name}/{kind}"),
        ("/routes/one/two/three", "GET /routes/{proxy+}"),
    ] {
        let event = shared().event_of(path).await;

        assert_eq!(event["routeKey"], key, "{path}");
    }
}

#[tokio::test]
async fn a_greedy_parameter_contains_the_rest_of_the_path() {
    let event = shared().event_of("/routes/one/two/three%20four").await;

    assert_eq!(event["pathParameters"], json!({ "proxy": "one/two/three four" }));
}

#[tokio::test]
async fn a_route_for_any_method_accepts_every_method() {
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let event = shared().event(shared().request(method.clone(), "/echo")).await;

        assert_eq!(event["requestContext"]["http"]["method"], method.as_str());
    }
}

#[tokio::test]
async fn a_request_without_a_route_is_a_404() {
    for (method, path) in
        [(Method::POST, "/"), (Method::GET, "/echo/more"), (Method::POST, "/routes/exact"), (Method::GET, "/Echo")]
    {
        let answer = Answer::to(shared().request(method.clone(), path)).await;

        assert_eq!((answer.status, answer.json()), (404, json!({ "message": "Not Found" })), "{method} {path}");
    }
}

#[tokio::test]
async fn the_default_route_gets_the_remaining_requests() {
    for (method, path, key) in [
        (Method::GET, "/", "$default"),
        (Method::GET, "/exact", "GET /exact"),
        (Method::POST, "/exact", "$default"),
        (Method::GET, "/any/thing", "$default"),
    ] {
        let event = bare().event(bare().request(method.clone(), path)).await;

        assert_eq!(event["routeKey"], key, "{method} {path}");
        assert_eq!(event["rawPath"], path);
    }
}

#[tokio::test]
async fn request_line_and_headers_have_at_most_10240_bytes() {
    const LIMIT: usize = 10_240;
    let start = "GET /echo HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-fill: ";
    let request = |bytes: usize| format!("{start}{}\r\n\r\n", "x".repeat(bytes - start.len() - "\r\n".len()));

    let (largest, _) = raw(&shared().http, &request(LIMIT)).await;
    let (too_large, _) = raw(&shared().http, &request(LIMIT + 1)).await;

    assert_eq!((largest, too_large), (200, 431));
}

#[tokio::test]
async fn a_body_of_more_than_ten_megabytes_is_refused() {
    let answer = Answer::to(shared().request(Method::POST, "/echo").body(vec![b'x'; 10 * MIB + 1])).await;

    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn an_event_has_at_most_six_megabytes_and_base64_counts() {
    let post = |media_type: &'static str, bytes: usize| {
        let request = shared().request(Method::POST, "/echo").header("content-type", media_type);
        request.header("x-do", r#"{"answer":{"statusCode":200}}"#).body(vec![b'x'; bytes])
    };
    for (media_type, bytes, status) in [
        ("text/plain", 6 * MIB - 4096, 200),
        ("text/plain", 6 * MIB, 413),
        ("image/png", 4 * MIB, 200),
        ("image/png", 5 * MIB, 413),
    ] {
        let answer = Answer::to(post(media_type, bytes)).await;

        assert_eq!(answer.status, status, "{bytes} bytes of {media_type}");
    }
}
