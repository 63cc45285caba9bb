//! `ackId`: a frame with an `ackId` is acknowledged once it is handled.

use serde_json::{Value, json};
use test_support::descriptions::actions;
use test_support::{Chat, Socket, User, shared, unknown_id};

/// Returns one frame per action that Ada may send from the chat's room, which she leaves at last.
fn frames(chat: &Chat) -> Vec<Value> {
    let mut frames: Vec<_> = actions().into_iter().map(|action| action.example).collect();
    for frame in frames.iter_mut().filter_map(Value::as_object_mut) {
        for (field, id) in [("chatId", &chat.id), ("id", &chat.bob.id)] {
            if let Some(value) = frame.get_mut(field) {
                *value = id.clone().into();
            }
        }
    }
    frames.sort_by_key(|frame| frame["action"] == "leave-chat-room");
    frames
}

#[tokio::test]
async fn every_action_is_acknowledged_on_request() {
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::in_room(shared(), &chat.ada, &chat.ada.browser, &chat.id).await;
    for (ack_id, mut frame) in (1..).zip(frames(&chat)) {
        frame["ackId"] = ack_id.into();
        ada.send(frame).await;

        assert_eq!(ada.expect_event("ack").await["ackId"], ack_id);
    }
}

#[tokio::test]
async fn a_frame_without_an_ack_id_is_not_acknowledged() {
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::in_room(shared(), &chat.ada, &chat.ada.browser, &chat.id).await;
    // The answer of `sync` is in its acknowledgement.
    for frame in frames(&chat).into_iter().filter(|frame| frame["action"] != "sync") {
        ada.send(frame).await;
        ada.expect_silence().await;
    }
}

#[tokio::test]
async fn an_error_carries_the_ack_id() {
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::open(shared(), &chat.ada).await;
    let refusals = [
        (json!({ "action": "chatsend", "chatId": chat.id, "message": "Hello" }), 403),
        (json!({ "action": "join-chat-room", "chatId": unknown_id() }), 404),
        (json!({ "action": "join-chat-room" }), 422),
        (json!({ "action": "dance" }), 404),
    ];
    for (ack_id, (mut frame, status)) in (1..).zip(refusals) {
        frame["ackId"] = ack_id.into();
        ada.send_unchecked(frame).await;

        let error = ada.expect_event("error").await;

        assert_eq!((&error["status"], &error["ackId"]), (&status.into(), &ack_id.into()), "{error}");
    }
}

#[tokio::test]
async fn an_acknowledged_event_has_been_delivered() {
    let chat = Chat::start(shared()).await;
    let mut bob = Socket::in_room(shared(), &chat.bob, &chat.bob.browser, &chat.id).await;
    let mut ada = Socket::in_room(shared(), &chat.ada, &chat.ada.browser, &chat.id).await;
    for message in ["1", "2", "3"] {
        ada.send(json!({ "action": "chatsend", "chatId": chat.id, "message": message, "ackId": 1 })).await;
        ada.expect_event("ack").await;
    }
    for message in ["1", "2", "3"] {
        assert_eq!(bob.expect_event("chatUpdate").await["message"], message);
    }
}

#[tokio::test]
async fn an_invalid_ack_id_is_refused() {
    let chat = Chat::start(shared()).await;
    let mut bob = Socket::in_room(shared(), &chat.bob, &chat.bob.browser, &chat.id).await;
    let mut ada = Socket::in_room(shared(), &chat.ada, &chat.ada.browser, &chat.id).await;
    for ack_id in [json!("1"), json!(-1), json!(1.5), json!(9_007_199_254_740_992_i64), json!(true), json!([1])] {
        let frame = json!({ "action": "chatsend", "chatId": chat.id, "message": "Hello", "ackId": ack_id });
        ada.send_unchecked(frame).await;

        let error = ada.expect_error("chatsend", 422).await;

        assert!(error.message.starts_with("\"ackId\" must be "), "{error:?}");
    }
    bob.expect_silence().await;
}

#[tokio::test]
async fn the_largest_ack_id_and_null_are_accepted() {
    let user = User::sign_up(shared(), "Ada").await;
    let mut socket = Socket::open(shared(), &user).await;

    socket.send_unchecked(json!({ "action": "dance", "ackId": 9_007_199_254_740_991_i64 })).await;
    assert_eq!(socket.expect_event("error").await["ackId"], 9_007_199_254_740_991_i64);

    socket.send_unchecked(json!({ "action": "dance", "ackId": null })).await;
    socket.expect_error("dance", 404).await;
}
