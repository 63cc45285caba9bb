//! The routing of frames, and the gateway's own error frames.

use serde_json::json;

use crate::harness::{Handshake, Socket, assert_gateway_id, bare, keys, shared};

/// Returns the key of the route that handles a frame.
async fn route_of(frame: &str) -> String {
    let mut socket = Socket::open(shared()).await;
    socket.send(frame).await;
    socket.event("MESSAGE").await["requestContext"]["routeKey"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_action_selects_the_route() {
    for (frame, route) in [
        (r#"{"action":"known"}"#, "known"),
        (r#"{"action":"with-hyphens"}"#, "with-hyphens"),
        (r#"{"other":1,"action":"known"}"#, "known"),
    ] {
        assert_eq!(route_of(frame).await, route, "{frame}");
    }
}

#[tokio::test]
async fn other_values_are_compared_as_text() {
    for (frame, route) in [(r#"{"action":42}"#, "42"), (r#"{"action":"42"}"#, "42"), (r#"{"action":true}"#, "true")] {
        assert_eq!(route_of(frame).await, route, "{frame}");
    }
}

#[tokio::test]
async fn an_action_must_match_exactly() {
    for frame in [
        r#"{"action":"Known"}"#,
        r#"{"action":"known "}"#,
        r#"{"action":"know"}"#,
        r#"{"action":""}"#,
        r#"{"action":7}"#,
    ] {
        assert_eq!(route_of(frame).await, "$default", "{frame}");
    }
}

#[tokio::test]
async fn a_frame_that_is_not_a_json_object_takes_the_default_route() {
    for frame in ["known", "{\"action\":\"known\"", "\"known\"", "42", "null", "[\"known\"]"] {
        assert_eq!(route_of(frame).await, "$default", "{frame}");
    }
}

#[tokio::test]
async fn a_frame_without_an_action_takes_the_default_route() {
    for frame in ["{}", r#"{"Action":"known"}"#, r#"{"body":{"action":"known"}}"#] {
        assert_eq!(route_of(frame).await, "$default", "{frame}");
    }
}

#[tokio::test]
async fn a_frame_without_a_route_is_forbidden_if_there_is_no_default_route() {
    let mut socket = Socket::open(bare()).await;
    let id = socket.id().await;
    for frame in [r#"{"action":"unknown"}"#, "not JSON"] {
        socket.send(frame).await;

        let answer = socket.next_json().await;

        assert_eq!(answer, json!({ "message": "Forbidden", "connectionId": id, "requestId": answer["requestId"] }));
        assert_gateway_id(&answer["requestId"]);
    }
}

#[tokio::test]
async fn a_socket_stays_open_after_a_forbidden_frame() {
    let mut socket = Socket::open(bare()).await;
    socket.send("not JSON").await;
    socket.next_json().await;

    socket.send(r#"{"action":"known","after":"it"}"#).await;

    assert_eq!(socket.event("MESSAGE").await["body"], r#"{"action":"known","after":"it"}"#);
}

#[tokio::test]
async fn a_function_that_fails_is_an_internal_server_error_frame() {
    for instruction in [json!({ "error": "as instructed" }), json!({ "panic": true }), json!({ "exit": 1 })] {
        let mut socket = Socket::open(shared()).await;
        let id = socket.id().await;

        socket.send(json!({ "action": "known", "do": instruction }).to_string()).await;

        let answer = socket.next_json().await;
        assert_eq!(answer["message"], "Internal server error", "{instruction}");
        assert_eq!(answer["connectionId"], id.as_str());
        assert_gateway_id(&answer["requestId"]);
        assert_eq!(keys(&answer).len(), 3, "{answer}");
    }
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_an_internal_server_error_frame() {
    let mut socket = Socket::open(shared()).await;

    socket.send(json!({ "action": "slow", "do": { "sleep": 60_000 } }).to_string()).await;

    assert_eq!(socket.next_json().await["message"], "Internal server error");
}

#[tokio::test]
async fn a_socket_stays_open_after_a_failed_frame() {
    let mut socket = Socket::open(shared()).await;
    socket.send(r#"{"do":{"panic":true}}"#).await;
    socket.next_json().await;

    socket.expect_silence().await;
}

#[tokio::test]
async fn the_body_that_a_function_returns_is_not_sent() {
    let mut socket = Socket::open(shared()).await;

    socket.send(r#"{"do":{"answer":{"statusCode":200,"body":"unheard"}}}"#).await;

    socket.events("MESSAGE", 1).await;
    socket.expect_silence().await;
}

#[tokio::test]
async fn the_body_that_connect_returns_is_not_sent() {
    let instruction = json!({ "answer": { "statusCode": 200, "body": "unheard" } });

    let mut socket = Handshake::instructing(shared(), &instruction).open().await;

    socket.expect_silence().await;
}

#[tokio::test]
async fn a_frame_is_handled_even_if_its_sender_has_left() {
    let mut socket = Socket::open(shared()).await;

    socket.send("parting words").await;
    socket.close(None).await;

    assert_eq!(socket.event("MESSAGE").await["body"], "parting words");
}
