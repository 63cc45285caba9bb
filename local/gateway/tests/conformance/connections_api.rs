//! `@connections`, through which functions reach sockets. The SDK distinguishes errors by the
//! header `x-amzn-ErrorType`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Frame, Handshake, Socket, eventually, keys, shared};

/// The largest message that can be posted, in bytes.
const MAX_POST: usize = 131_072;

/// Posts text to a connection.
async fn post(id: &str, text: impl Into<String>) -> Answer {
    Answer::to(shared().connections(Method::POST, id).body(text.into())).await
}

async fn get(id: &str) -> Answer {
    Answer::to(shared().connections(Method::GET, id)).await
}

async fn delete(id: &str) -> Answer {
    Answer::to(shared().connections(Method::DELETE, id)).await
}

#[track_caller]
fn assert_error(answer: &Answer, status: u16, kind: &str) {
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (status, kind), "{}", answer.text());
}

#[tokio::test]
async fn a_post_reaches_the_client_unchanged() {
    let mut socket = Socket::open(shared()).await;
    let id = socket.id().await;

    let answer = post(&id, "{\"any\" : \"ä\"}\n").await;

    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(socket.next().await, Frame::Text("{\"any\" : \"ä\"}\n".to_owned()));
}

#[tokio::test]
async fn a_function_reaches_the_sender_of_a_frame() {
    let mut socket = Socket::open(shared()).await;

    socket.send(r#"{"do":{"post":"answer"}}"#).await;

    assert_eq!(socket.next().await, Frame::Text("answer".to_owned()));
}

#[tokio::test]
async fn an_empty_post_is_accepted() {
    let socket = Socket::open(shared()).await;

    let answer = post(&socket.id().await, "").await;

    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn ids_are_percent_decoded() {
    // About two ids in five contain a character with a special meaning in a path.
    let (mut sockets, mut ids) = (Vec::new(), Vec::<String>::new());
    while !ids.iter().any(|id| id.contains(['/', '+'])) {
        let socket = Socket::open(shared()).await;
        ids.push(socket.id().await);
        sockets.push(socket);
    }

    for id in ids {
        assert_eq!(get(&id).await.status, 200, "{id}");
    }
}

#[tokio::test]
async fn a_get_describes_the_client() {
    let socket = Socket::open(shared()).await;

    let answer = get(&socket.id().await).await;

    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let body = answer.json();
    assert_eq!(keys(&body), ["connectedAt", "lastActiveAt", "identity"].into());
    assert_eq!(body["identity"], json!({ "sourceIp": "127.0.0.1", "userAgent": socket.agent() }));
    for time in ["connectedAt", "lastActiveAt"] {
        assert_iso_8601(&body[time]);
    }
}

/// Asserts that a text has the form `2022-02-22T19:07:37Z`, with or without fractions of a second.
#[track_caller]
fn assert_iso_8601(time: &Value) {
    let text = time.as_str().unwrap();
    let digits: String = text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    let (start, rest) = digits.split_at(19);
    assert_eq!(start, "0000-00-00T00:00:00", "{text}");
    assert!(rest == "Z" || rest.starts_with('.') && rest.ends_with('Z'), "{text}");
}

#[tokio::test]
async fn a_delete_closes_the_socket() {
    let mut socket = Socket::open(shared()).await;

    let answer = delete(&socket.id().await).await;

    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert!(matches!(socket.next().await, Frame::Close(_)));
}

#[tokio::test]
async fn an_unknown_connection_is_gone() {
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let answer = Answer::to(shared().connections(method.clone(), "L0SM9cOFvHcCIhw=")).await;

        assert_error(&answer, 410, "GoneException");
    }
}

#[tokio::test]
async fn a_closed_connection_is_gone() {
    let mut socket = Socket::open(shared()).await;
    let id = socket.id().await;

    socket.close(None).await;

    eventually("the connection is gone", async || get(&id).await.status == 410).await;
    assert_error(&post(&id, "too late").await, 410, "GoneException");
    assert_error(&delete(&id).await, 410, "GoneException");
}

#[tokio::test]
async fn a_connection_is_gone_during_its_own_connect() {
    // The function answers with the status of its post, which refuses the handshake.
    let refusal = Handshake::instructing(shared(), &json!({ "post": "too early" })).refusal().await;

    assert_eq!(refusal, 410);
}

#[tokio::test]
async fn a_refused_connection_is_gone() {
    let handshake = Handshake::instructing(shared(), &json!({ "answer": { "statusCode": 403 } }));
    let agent = handshake.agent().to_owned();
    assert_eq!(handshake.refusal().await, 403);
    let event = crate::harness::socket_events(shared(), &agent, "CONNECT").remove(0);

    let answer = get(event["requestContext"]["connectionId"].as_str().unwrap()).await;

    assert_error(&answer, 410, "GoneException");
}

#[tokio::test]
async fn a_post_has_at_most_131072_bytes() {
    let mut socket = Socket::open(shared()).await;
    let id = socket.id().await;

    let largest = post(&id, "x".repeat(MAX_POST)).await;
    let too_large = post(&id, "y".repeat(MAX_POST + 1)).await;

    assert_eq!(largest.status, 200);
    assert_error(&too_large, 413, "PayloadTooLargeException");
    assert_eq!(socket.next().await, Frame::Text("x".repeat(MAX_POST)));
    socket.expect_silence().await;
}

#[tokio::test]
async fn posts_to_a_client_that_does_not_read_are_refused() {
    let socket = Socket::open(shared()).await;
    let id = socket.id().await;
    let text = "x".repeat(MAX_POST);

    // Eventually, the buffers of the kernel and of the gateway are full.
    let mut answer = post(&id, text.as_str()).await;
    for _ in 0..2000 {
        if answer.status != 200 {
            break;
        }
        answer = post(&id, text.as_str()).await;
    }

    assert_error(&answer, 429, "LimitExceededException");
    assert_eq!(delete(&id).await.status, 204);
    drop(socket);
}
