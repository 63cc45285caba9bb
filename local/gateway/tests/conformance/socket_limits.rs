//! The limits of messages and of the lifetime of sockets.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Frame, Setup, Socket, shared};

const MAX_FRAME: usize = 32 * 1024;
const MAX_MESSAGE: usize = 128 * 1024;

#[tokio::test]
async fn a_binary_frame_closes_the_socket_with_1003() {
    let mut socket = Socket::open(shared()).await;

    socket.send_raw(Message::binary(b"{}".to_vec())).await;

    assert_eq!(socket.next().await, Frame::Close(1003));
    assert_eq!(socket.event("DISCONNECT").await["requestContext"]["disconnectStatusCode"], 1003);
}

#[tokio::test]
async fn a_frame_has_at_most_32_kib() {
    let mut socket = Socket::open(shared()).await;

    socket.send("x".repeat(MAX_FRAME)).await;

    assert_eq!(socket.event("MESSAGE").await["body"].as_str().unwrap().len(), MAX_FRAME);
    socket.expect_silence().await;
}

#[tokio::test]
async fn a_longer_frame_closes_the_socket_with_1009() {
    let mut socket = Socket::open(shared()).await;

    socket.send("x".repeat(MAX_FRAME + 1)).await;

    assert_eq!(socket.next().await, Frame::Close(1009));
    assert_eq!(socket.event("DISCONNECT").await["requestContext"]["disconnectStatusCode"], 1009);
}

#[tokio::test]
async fn a_message_in_several_frames_has_at_most_128_kib() {
    let mut socket = Socket::open(shared()).await;

    socket.send_in_frames(&[MAX_FRAME; 4]).await;

    assert_eq!(socket.event("MESSAGE").await["body"].as_str().unwrap().len(), MAX_MESSAGE);
    socket.expect_silence().await;
}

#[tokio::test]
async fn a_longer_message_closes_the_socket_with_1009() {
    let mut socket = Socket::open(shared()).await;

    socket.send_in_frames(&[MAX_FRAME, MAX_FRAME, MAX_FRAME, MAX_FRAME, 1]).await;

    assert_eq!(socket.next().await, Frame::Close(1009));
    assert_eq!(socket.event("DISCONNECT").await["requestContext"]["disconnectStatusCode"], 1009);
}

#[tokio::test]
async fn an_idle_socket_closes_with_1001_after_ten_minutes() {
    // At 600 times the speed, ten minutes take a second.
    let gateway = Setup::shared().option("--time-scale", "600").start();
    let mut socket = Socket::open(&gateway).await;
    let opened = Instant::now();

    assert_eq!(socket.next().await, Frame::Close(1001));

    assert!(opened.elapsed() > Duration::from_millis(900), "{:?}", opened.elapsed());
    assert_eq!(socket.event("DISCONNECT").await["requestContext"]["disconnectStatusCode"], 1001);
}

#[tokio::test]
async fn a_busy_socket_closes_with_1001_after_two_hours() {
    // At 600 times the speed, two hours take twelve seconds, and ten minutes take one.
    let gateway = Setup::shared().option("--time-scale", "600").start();
    let mut socket = Socket::open(&gateway).await;
    let opened = Instant::now();
    let ping = json!({ "do": { "post": "pong" } }).to_string();

    let end = loop {
        socket.send(ping.as_str()).await;
        match socket.next().await {
            Frame::Text(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            end => break end,
        }
    };

    assert_eq!(end, Frame::Close(1001));
    assert!(opened.elapsed() > Duration::from_millis(11_500), "{:?}", opened.elapsed());
}
