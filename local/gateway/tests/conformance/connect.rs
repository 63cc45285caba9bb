//! Handshakes: the event of `$connect`, and the effect of its answer on the client.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{
    Answer, Handshake, Socket, assert_gateway_id, assert_time, keys, recorded, shape, shared, without,
};

/// Opens a socket and returns its `$connect` event.
async fn connect_event(handshake: Handshake<'_>) -> Value {
    handshake.open().await.event("CONNECT").await
}

/// Returns a handshake as a plain request, so that its response can be inspected.
fn handshake_request(instruction: &Value) -> RequestBuilder {
    let stage = shared().websocket().replacen("ws://", "http://", 1);
    let request = reqwest::Client::builder().no_proxy().build().unwrap().get(stage);
    let request =
        request.header("connection", "Upgrade").header("upgrade", "websocket").header("x-do", instruction.to_string());
    request.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

#[tokio::test]
async fn an_event_has_the_fields_of_a_recorded_one() {
    let recorded = recorded("websocket-request-without-method");

    let event = connect_event(Handshake::new(shared())).await;

    assert_eq!(keys(&event), keys(&recorded));
    // The recorded client had an API key and no user agent.
    let recorded = without(recorded["requestContext"].clone(), &["identity"]);
    assert_eq!(event["requestContext"]["identity"]["sourceIp"], "127.0.0.1");
    assert_eq!(shape(&without(event["requestContext"].clone(), &["identity"])), shape(&recorded));
}

#[tokio::test]
async fn the_headers_equal_those_of_a_recorded_event() {
    let recorded = recorded("websocket-request-without-method");

    let event = connect_event(Handshake::new(shared())).await;

    for part in ["headers", "multiValueHeaders"] {
        assert_eq!(
            shape(&without(event[part].clone(), &["User-Agent"])),
            shape(&without(recorded[part].clone(), &["x-api-key"])),
            "{part}"
        );
    }
}

#[tokio::test]
async fn multi_value_headers_contain_every_value() {
    let event = connect_event(Handshake::new(shared()).header("x-many", "1").header("x-many", "2")).await;

    assert_eq!(event["multiValueHeaders"]["X-Many"], json!(["1", "2"]));
    assert_eq!(keys(&event["headers"]), keys(&event["multiValueHeaders"]));
}

#[tokio::test]
async fn the_values_come_from_the_handshake() {
    let event = connect_event(Handshake::new(shared())).await;

    let context = &event["requestContext"];
    assert_eq!((&context["routeKey"], &context["eventType"]), (&json!("$connect"), &json!("CONNECT")));
    assert_eq!((&context["stage"], &context["messageDirection"]), (&json!("api"), &json!("IN")));
    assert_eq!(context["domainName"], event["headers"]["Host"]);
    assert_eq!(context["requestId"], context["extendedRequestId"]);
    assert_time(&context["requestTime"], &context["requestTimeEpoch"]);
    let waited = context["requestTimeEpoch"].as_i64().unwrap() - context["connectedAt"].as_i64().unwrap();
    assert!((0..1000).contains(&waited), "{context}");
}

#[tokio::test]
async fn query_parameters_are_decoded_and_contain_every_value() {
    let event = connect_event(Handshake::new(shared()).query("id=1&id=2&name=Ada%20Lovelace")).await;

    assert_eq!(event["queryStringParameters"], json!({ "id": "2", "name": "Ada Lovelace" }));
    assert_eq!(event["multiValueQueryStringParameters"], json!({ "id": ["1", "2"], "name": ["Ada Lovelace"] }));
}

#[tokio::test]
async fn a_connection_id_is_eleven_bytes_in_base64() {
    let (one, other) = (Socket::open(shared()).await.id().await, Socket::open(shared()).await.id().await);

    assert_gateway_id(&json!(one));
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_status_other_than_success_refuses_the_handshake() {
    for status in [400, 401, 403, 404, 429, 500, 503] {
        let refusal = Handshake::instructing(shared(), &json!({ "answer": { "statusCode": status } })).refusal().await;

        assert_eq!(refusal, status);
    }
}

#[tokio::test]
async fn any_success_opens_the_socket() {
    for status in [200, 201, 204, 299] {
        let mut socket = Handshake::instructing(shared(), &json!({ "answer": { "statusCode": status } })).open().await;

        socket.expect_silence().await;
    }
}

#[tokio::test]
async fn a_function_that_fails_refuses_the_handshake_with_502() {
    for instruction in [json!({ "error": "as instructed" }), json!({ "panic": true }), json!({ "exit": 1 })] {
        let refusal = Handshake::instructing(shared(), &instruction).refusal().await;

        assert_eq!(refusal, 502, "{instruction}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_a_response_refuses_the_handshake_with_502() {
    for nonsense in [json!("nonsense"), json!({}), json!({ "statusCode": "200 OK" }), json!([200])] {
        let refusal = Handshake::instructing(shared(), &json!({ "answer": nonsense })).refusal().await;

        assert_eq!(refusal, 502, "{nonsense}");
    }
}

#[tokio::test]
async fn the_handshake_waits_for_the_function() {
    let started = std::time::Instant::now();

    Handshake::instructing(shared(), &json!({ "sleep": 400, "answer": { "statusCode": 200 } })).open().await;

    assert!(started.elapsed().as_millis() >= 400);
}

#[tokio::test]
async fn of_the_answers_headers_only_the_subprotocol_reaches_the_client() {
    let headers = json!({ "Sec-WebSocket-Protocol": "v2", "x-own": "1", "set-cookie": "a=1" });
    let request = handshake_request(&json!({ "answer": { "statusCode": 200, "headers": headers } }));

    let answer = request.header("sec-websocket-protocol", "v2, v1").send().await.unwrap();

    assert_eq!(answer.status(), 101);
    assert_eq!(answer.headers()["sec-websocket-protocol"], "v2");
    assert!(!answer.headers().contains_key("x-own") && !answer.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn without_an_answer_of_the_function_no_subprotocol_is_chosen() {
    let multi_value = json!({ "multiValueHeaders": { "Sec-WebSocket-Protocol": ["v2"] } });
    for mut answer in [json!({}), multi_value] {
        answer["statusCode"] = json!(200);
        let request = handshake_request(&json!({ "answer": answer })).header("sec-websocket-protocol", "v2");

        let answer = request.send().await.unwrap();

        assert_eq!(answer.status(), 101);
        assert!(!answer.headers().contains_key("sec-websocket-protocol"));
    }
}

#[tokio::test]
async fn a_request_without_an_upgrade_is_a_426() {
    let url = shared().websocket().replacen("ws://", "http://", 1);

    let answer = Answer::to(reqwest::Client::builder().no_proxy().build().unwrap().request(Method::GET, url)).await;

    assert_eq!(answer.status, 426);
}

#[tokio::test]
async fn every_path_other_than_the_stage_is_a_403() {
    for path in ["/", "/other", "/api/more", "/api/known"] {
        let refusal = Handshake::new(shared()).path(path).refusal().await;

        assert_eq!(refusal, 403, "{path}");
    }
}
