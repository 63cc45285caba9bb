//! The events of messages and of closed sockets.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::harness::{
    Answer, Handshake, Setup, Socket, assert_gateway_id, assert_time, eventually, keys, recorded, shape, shared,
    socket_events, without,
};

#[tokio::test]
async fn a_message_has_a_body_and_neither_headers_nor_query() {
    let mut socket = Handshake::new(shared()).query("id=1").open().await;

    socket.send(r#"{"action":"known"}"#).await;

    let event = socket.event("MESSAGE").await;
    assert_eq!(keys(&event), BTreeSet::from(["requestContext", "body", "isBase64Encoded"]));
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(r#"{"action":"known"}"#), &json!(false)));
}

#[tokio::test]
async fn the_context_of_a_message_adds_a_message_id_to_the_connections() {
    let mut socket = Socket::open(shared()).await;

    socket.send(r#"{"action":"known"}"#).await;

    let (connect, message) = (socket.event("CONNECT").await, socket.event("MESSAGE").await);
    let (connect, message) = (&connect["requestContext"], &message["requestContext"]);
    assert_eq!(shape(&without(message.clone(), &["messageId"])), shape(connect));
    assert_gateway_id(&message["messageId"]);
    assert_eq!((&message["eventType"], &message["routeKey"]), (&json!("MESSAGE"), &json!("known")));
    for same in ["connectionId", "connectedAt", "identity", "domainName", "stage", "apiId", "messageDirection"] {
        assert_eq!(message[same], connect[same], "{same}");
    }
    assert_ne!(message["requestId"], connect["requestId"]);
    assert_time(&message["requestTime"], &message["requestTimeEpoch"]);
}

#[tokio::test]
async fn each_message_has_its_own_ids() {
    let mut socket = Socket::open(shared()).await;

    socket.send("one").await;
    socket.send("two").await;

    let events = socket.events("MESSAGE", 2).await;
    for id in ["messageId", "requestId"] {
        assert_ne!(events[0]["requestContext"][id], events[1]["requestContext"][id]);
    }
}

#[tokio::test]
async fn the_body_of_a_message_is_the_unchanged_text() {
    for text in [" {\"action\" : \"known\"} \n", "not JSON, but ä and \u{1F980}"] {
        let mut socket = Socket::open(shared()).await;

        socket.send(text).await;

        assert_eq!(socket.event("MESSAGE").await["body"], text);
    }
}

#[tokio::test]
async fn a_disconnect_event_has_the_fields_of_a_recorded_one() {
    let recorded = recorded("websocket-request-disconnect-route");
    let mut socket = Socket::open(shared()).await;

    socket.close(None).await;

    let event = socket.event("DISCONNECT").await;
    let without_identity = |event| without(event, &["identity"]);
    assert_eq!(
        shape(&without(event.clone(), &["requestContext"])),
        shape(&without(recorded.clone(), &["requestContext"]))
    );
    assert_eq!(
        shape(&without_identity(event["requestContext"].clone())),
        shape(&without_identity(recorded["requestContext"].clone()))
    );
}

#[tokio::test]
async fn a_disconnect_event_describes_the_same_connection() {
    let mut socket = Socket::open(shared()).await;

    socket.close(None).await;

    let (opened, closed) = (socket.event("CONNECT").await, socket.event("DISCONNECT").await);
    for same in ["connectionId", "connectedAt", "identity"] {
        assert_eq!(closed["requestContext"][same], opened["requestContext"][same], "{same}");
    }
    assert_eq!(closed["requestContext"]["routeKey"], "$disconnect");
}

#[tokio::test]
async fn a_client_without_a_close_code_disconnects_with_1005() {
    let recorded = recorded("websocket-request-disconnect-route");
    let mut socket = Socket::open(shared()).await;

    socket.close(None).await;

    let context = &socket.event("DISCONNECT").await["requestContext"];
    assert_eq!(context["disconnectStatusCode"], recorded["requestContext"]["disconnectStatusCode"]);
    assert_eq!(context["disconnectReason"], recorded["requestContext"]["disconnectReason"]);
}

#[tokio::test]
async fn the_close_code_and_the_reason_are_passed_on() {
    for (code, reason) in [(1000, ""), (1001, "leaving"), (4001, "tired")] {
        let mut socket = Socket::open(shared()).await;

        socket.close(Some(CloseFrame { code: code.into(), reason: reason.into() })).await;

        let context = &socket.event("DISCONNECT").await["requestContext"];
        assert_eq!((&context["disconnectStatusCode"], &context["disconnectReason"]), (&json!(code), &json!(reason)));
    }
}

#[tokio::test]
async fn a_client_that_vanishes_disconnects_too() {
    let socket = Socket::open(shared()).await;
    let agent = socket.agent().to_owned();

    drop(socket);

    eventually("there is a disconnect event", async || {
        !crate::harness::socket_events(shared(), &agent, "DISCONNECT").is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_socket_that_a_function_closes_disconnects_too() {
    let mut socket = Socket::open(shared()).await;
    let id = socket.id().await;

    let answer = Answer::to(shared().connections(Method::DELETE, &id)).await;

    assert_eq!(answer.status, 204);
    socket.next().await;
    assert_eq!(socket.event("DISCONNECT").await["requestContext"]["connectionId"], id);
}

#[tokio::test]
async fn the_end_of_a_socket_can_go_unnoticed() {
    let gateway = Setup::shared().flag("--lose-disconnects").start();
    let mut socket = Socket::open(&gateway).await;
    let id = socket.id().await;

    socket.close(None).await;

    let status = async || Answer::to(gateway.connections(Method::GET, &id)).await.status;
    eventually("the connection is gone", async || status().await == 410).await;
    assert!(socket_events(&gateway, socket.agent(), "DISCONNECT").is_empty());
    assert_eq!(gateway.usage().await["functions"]["Sockets"]["invocations"], 1);
}
