//! The usage that AWS bills: messages, connection minutes, requests and invocations.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::harness::{Answer, Frame, Gateway, Handshake, Setup, Socket, eventually, unique};

const KIB: usize = 1024;

async fn usage(gateway: &Gateway) -> Value {
    let answer = Answer::to(gateway.request(Method::GET, "/_local/usage")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.json()
}

async fn count(gateway: &Gateway, name: &str) -> u64 {
    usage(gateway).await[name].as_u64().unwrap()
}

async fn invocations(gateway: &Gateway, function: &str) -> u64 {
    usage(gateway).await["functions"][function]["invocations"].as_u64().unwrap_or_default()
}

async fn billed_millis(gateway: &Gateway, function: &str) -> u64 {
    usage(gateway).await["functions"][function]["billedMillis"].as_u64().unwrap_or_default()
}

async fn minutes(gateway: &Gateway) -> f64 {
    usage(gateway).await["connectionMinutes"].as_f64().unwrap()
}

#[tokio::test]
async fn nothing_is_billed_before_it_is_used() {
    let gateway = Setup::shared().start();

    let expected = json!({
        "httpRequests": 0, "messagesReceived": 0, "messagesSent": 0, "connectionMinutes": 0.0, "functions": {},
    });
    assert_eq!(usage(&gateway).await, expected);
}

#[tokio::test]
async fn a_message_from_a_client_is_billed_per_32_kb() {
    let gateway = Setup::shared().start();
    let mut socket = Socket::open(&gateway).await;
    let mut billed = 0;
    for (frames, units) in [
        (&[0][..], 1),
        (&[1], 1),
        (&[32 * KIB], 1),
        (&[16 * KIB, 16 * KIB], 1),
        (&[32 * KIB, 1], 2),
        (&[32 * KIB; 4], 4),
    ] {
        let handled = invocations(&gateway, "Sockets").await;
        socket.send_in_frames(frames).await;
        eventually("the message is handled", async || invocations(&gateway, "Sockets").await > handled).await;

        billed += units;
        assert_eq!(count(&gateway, "messagesReceived").await, billed, "{frames:?}");
    }
    assert_eq!(count(&gateway, "messagesSent").await, 0);
}

#[tokio::test]
async fn a_message_to_a_client_is_billed_per_32_kb() {
    let gateway = Setup::shared().start();
    let mut socket = Socket::open(&gateway).await;
    let id = socket.id().await;
    let mut billed = 0;
    for (bytes, units) in [(0, 1), (1, 1), (32 * KIB, 1), (32 * KIB + 1, 2), (128 * KIB, 4)] {
        let text = "x".repeat(bytes);
        let posted = Answer::to(gateway.connections(Method::POST, &id).body(text.clone())).await;
        assert_eq!(posted.status, 200);
        assert_eq!(socket.next().await, Frame::Text(text));

        billed += units;
        assert_eq!(count(&gateway, "messagesSent").await, billed, "{bytes}");
    }
    assert_eq!(count(&gateway, "messagesReceived").await, 0);
}

#[tokio::test]
async fn a_message_is_billed_by_its_bytes_not_by_its_characters() {
    let gateway = Setup::shared().start();
    let mut socket = Socket::open(&gateway).await;
    let text = "é".repeat(16 * KIB + 1);
    let id = socket.id().await;

    Answer::to(gateway.connections(Method::POST, &id).body(text.clone())).await;

    assert_eq!(socket.next().await, Frame::Text(text));
    assert_eq!(count(&gateway, "messagesSent").await, 2);
}

#[tokio::test]
async fn opening_and_closing_a_socket_are_invocations_and_no_messages() {
    let gateway = Setup::shared().start();
    let mut socket = Socket::open(&gateway).await;
    assert_eq!(invocations(&gateway, "Sockets").await, 1);

    socket.close(None).await;

    eventually("$disconnect is invoked", async || invocations(&gateway, "Sockets").await == 2).await;
    let usage = usage(&gateway).await;
    assert_eq!((&usage["messagesReceived"], &usage["messagesSent"]), (&json!(0), &json!(0)), "{usage}");
    assert_eq!(usage["httpRequests"], 0, "{usage}");
}

#[tokio::test]
async fn a_refused_handshake_is_only_an_invocation() {
    let gateway = Setup::shared().start();

    let refusal = json!({ "answer": { "statusCode": 401 } });
    assert_eq!(Handshake::instructing(&gateway, &refusal).refusal().await, 401);

    let usage = usage(&gateway).await;
    assert_eq!((&usage["messagesReceived"], &usage["connectionMinutes"]), (&json!(0), &json!(0.0)), "{usage}");
    assert_eq!(usage["functions"]["Sockets"]["invocations"], 1, "{usage}");
}

#[tokio::test]
async fn pings_and_pongs_are_no_messages() {
    let gateway = Setup::shared().start();
    let mut socket = Socket::open(&gateway).await;

    socket.send_raw(Message::Ping(Bytes::from_static(b"ping"))).await;
    socket.send_raw(Message::Pong(Bytes::from_static(b"pong"))).await;

    // This is one message in each direction.
    socket.expect_silence().await;
    let usage = usage(&gateway).await;
    assert_eq!((&usage["messagesReceived"], &usage["messagesSent"]), (&json!(1), &json!(1)), "{usage}");
}

#[tokio::test]
async fn only_messages_that_are_accepted_for_a_client_are_billed() {
    let gateway = Setup::shared().start();
    let socket = Socket::open(&gateway).await;
    let id = socket.id().await;

    let too_large = gateway.connections(Method::POST, &id).body("x".repeat(128 * KIB + 1));
    assert_eq!(Answer::to(too_large).await.status, 413);
    assert_eq!(Answer::to(gateway.connections(Method::POST, &unique("gone")).body("x")).await.status, 410);
    assert_eq!(Answer::to(gateway.connections(Method::GET, &id)).await.status, 200);
    assert_eq!(Answer::to(gateway.connections(Method::DELETE, &id)).await.status, 204);

    assert_eq!(count(&gateway, "messagesSent").await, 0);
}

#[tokio::test]
async fn an_error_frame_of_the_gateway_is_a_message() {
    let gateway = Setup::shared().start();
    let mut socket = Socket::open(&gateway).await;

    socket.send(r#"{"do":{"error":"as instructed by"}}"#).await;

    assert_eq!(socket.next_json().await["message"], "Internal server error");
    let usage = usage(&gateway).await;
    assert_eq!((&usage["messagesReceived"], &usage["messagesSent"]), (&json!(1), &json!(1)), "{usage}");
}

#[tokio::test]
async fn a_connection_is_billed_while_it_is_open_on_its_own_clock() {
    // At 600 times the speed, 100 milliseconds are a minute.
    let gateway = Setup::shared().option("--time-scale", "600").start();
    let before = Instant::now();
    let mut socket = Socket::open(&gateway).await;
    let opened = Instant::now();
    tokio::time::sleep(Duration::from_millis(200)).await;

    let (least, measured, most) = (opened.elapsed(), minutes(&gateway).await, before.elapsed());
    let expected = least.as_secs_f64() * 10.0..=most.as_secs_f64() * 10.0;
    assert!(expected.contains(&measured), "{measured} is not in {expected:?}");

    socket.close(None).await;
    eventually("$disconnect is invoked", async || invocations(&gateway, "Sockets").await == 2).await;
    let closed = minutes(&gateway).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(closed >= measured, "{closed} is less than {measured}");
    assert!((minutes(&gateway).await - closed).abs() < 1e-9);
}

#[tokio::test]
async fn a_request_is_billed_per_512_kb_of_its_body() {
    let gateway = Setup::shared().start();
    let mut billed = 0;
    for (bytes, units) in [(0, 1), (1, 1), (512 * KIB, 1), (512 * KIB + 1, 2), (3 * 512 * KIB, 3)] {
        let instruction = json!({ "answer": { "statusCode": 204 } }).to_string();
        let request = gateway.request(Method::POST, "/echo").header("x-do", instruction);
        let request = request.header("content-type", "text/plain").body("x".repeat(bytes));
        assert_eq!(Answer::to(request).await.status, 204);

        billed += units;
        assert_eq!(count(&gateway, "httpRequests").await, billed, "{bytes}");
    }
    assert_eq!(invocations(&gateway, "Echo").await, 5);
}

#[tokio::test]
async fn a_request_without_a_function_is_billed_too() {
    let gateway = Setup::shared().start();

    assert_eq!(Answer::to(gateway.request(Method::GET, "/nowhere")).await.status, 404);
    let preflight = gateway.request(Method::OPTIONS, "/echo").header("origin", "https://page.example");
    let preflight = preflight.header("access-control-request-method", "POST");
    assert_eq!(Answer::to(preflight).await.status, 204);

    let usage = usage(&gateway).await;
    assert_eq!((&usage["httpRequests"], &usage["functions"]), (&json!(2), &json!({})), "{usage}");
}

#[tokio::test]
async fn an_invocation_by_lambdas_api_is_no_request() {
    let gateway = Setup::shared().start();

    gateway.report("Reused").await;

    assert_eq!(count(&gateway, "httpRequests").await, 0);
    assert_eq!(invocations(&gateway, "Reused").await, 1);
}

#[tokio::test]
async fn an_invocation_is_billed_with_the_start_of_its_process() {
    let gateway = Setup::shared().start();
    let sleep = json!({ "sleep": 40 });
    let before = Instant::now();

    gateway.report_after("Reused", sleep.clone()).await;
    eventually("the first duration is known", async || billed_millis(&gateway, "Reused").await > 0).await;
    let first = billed_millis(&gateway, "Reused").await;
    gateway.report_after("Reused", sleep).await;
    eventually("the second duration is known", async || billed_millis(&gateway, "Reused").await > first).await;
    let second = billed_millis(&gateway, "Reused").await - first;

    assert!(first > 40 && second >= 40, "{first} ms, then {second} ms");
    // Both are rounded up.
    assert!(u128::from(first + second) <= before.elapsed().as_millis() + 2, "{first} ms, then {second} ms");
    assert_eq!(invocations(&gateway, "Reused").await, 2);
}

#[tokio::test]
async fn an_invocation_that_fails_is_billed() {
    let gateway = Setup::shared().start();

    for instruction in [json!({ "error": "as instructed by" }), json!({ "exit": 1 })] {
        gateway.invoke("Failing", &json!({ "do": instruction })).await;
    }
    gateway.invoke("Slow", &json!({ "do": { "sleep": 5000 } })).await;

    assert_eq!(invocations(&gateway, "Failing").await, 2);
    // The function has a timeout of one second.
    eventually("the timeout is billed", async || billed_millis(&gateway, "Slow").await >= 1000).await;
    assert_eq!(invocations(&gateway, "Slow").await, 1);
}
