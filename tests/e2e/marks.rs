//! The marks of members: `receipt`, over HTTP and over a socket, and `chatSettings`.

use futures_util::future::join_all;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};
use test_support::{Chat, Reply, Socket, Stack, User, object_id, shared, unknown_id};

/// The largest `seq` that a client can name.
const MAX_SEQ: i64 = (1 << 53) - 1;

/// Tells over HTTP what a user has received and read.
async fn receipt(user: &User, chat: &str, delivered: i64, read: i64) -> Reply {
    let body = json!({ "chatId": chat, "delivered": delivered, "read": read });
    user.browser.post("/api/receipt", body).await
}

/// Returns a frame that tells the same.
fn frame(chat: &str, delivered: i64, read: i64) -> Value {
    json!({ "action": "receipt", "chatId": chat, "delivered": delivered, "read": read, "ackId": 0 })
}

/// Returns the event that announces the watermarks of a user.
fn announced(chat: &str, user: &User, delivered: i64, read: i64) -> Value {
    json!({ "event": "receipt", "chatId": chat, "userId": user.id, "delivered": delivered, "read": read })
}

/// Returns the watermarks of a user as stored, if there are any.
async fn stored(stack: &Stack, chat: &str, user: &User) -> Option<(i64, i64)> {
    let marks = stack.database().await.collection::<Document>("marks");
    let mark = marks.find_one(doc! { "chatId": object_id(chat), "userId": object_id(&user.id) }).await.unwrap()?;
    Some((mark.get_i64("delivered").unwrap(), mark.get_i64("read").unwrap()))
}

async fn change_settings(user: &User, chat: &str, mut changes: Value) -> Reply {
    changes["chatId"] = chat.into();
    user.browser.put("/api/chatSettings", changes).await
}

#[tokio::test]
async fn a_receipt_reaches_all_native_devices_of_the_members_but_its_own() {
    let chat = Chat::start(shared()).await;
    chat.fill(3).await;
    let phone = chat.bob.other_device(shared()).await;
    let mut ada = Socket::open_native(shared(), &chat.ada).await;
    let mut old = Socket::open(shared(), &chat.ada).await;
    let mut bob = Socket::open_native(shared(), &chat.bob).await;
    let mut phone = Socket::open_native_from(shared(), &chat.bob, &phone).await;

    bob.send(frame(&chat.id, 3, 2)).await;

    assert_eq!(bob.expect_event("ack").await, json!({ "event": "ack", "ackId": 0 }));
    for socket in [&mut ada, &mut phone] {
        assert_eq!(socket.expect_event("receipt").await, announced(&chat.id, &chat.bob, 3, 2));
    }
    for socket in [&mut old, &mut bob] {
        socket.expect_silence().await;
    }

    let body = receipt(&chat.bob, &chat.id, 3, 3).await.expect(200);

    assert_eq!(body, json!({ "status": true, "message": "Receipt stored" }));
    for socket in [&mut ada, &mut phone, &mut bob] {
        assert_eq!(socket.expect_event("receipt").await, announced(&chat.id, &chat.bob, 3, 3));
    }
    old.expect_silence().await;
}

#[tokio::test]
async fn watermarks_only_grow_and_end_with_the_chat() {
    let chat = Chat::start(shared()).await;
    chat.fill(5).await;
    let mut ada = Socket::open_native(shared(), &chat.ada).await;

    for (delivered, read) in [(2, 0), (2, 0), (1, 1), (0, 4), (3, 3), (MAX_SEQ, 0), (0, MAX_SEQ), (5, 5), (0, 0)] {
        receipt(&chat.bob, &chat.id, delivered, read).await.expect(200);
    }

    // What was read was delivered, and what moves nothing is not announced.
    for (delivered, read) in [(2, 0), (2, 1), (4, 4), (5, 4), (5, 5)] {
        assert_eq!(ada.expect_event("receipt").await, announced(&chat.id, &chat.bob, delivered, read));
    }
    ada.expect_silence().await;
    assert_eq!(stored(shared(), &chat.id, &chat.bob).await, Some((5, 5)));
}

#[tokio::test]
async fn a_chat_without_entries_has_no_watermarks() {
    let chat = Chat::start(shared()).await;

    receipt(&chat.bob, &chat.id, 1, 1).await.expect(200);

    assert_eq!(stored(shared(), &chat.id, &chat.bob).await, None);
}

#[tokio::test]
async fn of_many_receipts_at_once_the_largest_counts() {
    for _ in 0..5 {
        let chat = Chat::start(shared()).await;
        chat.fill(16).await;

        let all = (1..=16).rev().map(|seq| receipt(&chat.bob, &chat.id, seq, seq / 2));
        for reply in join_all(all).await {
            reply.expect(200);
        }

        assert_eq!(stored(shared(), &chat.id, &chat.bob).await, Some((16, 8)));
    }
}

#[tokio::test]
async fn only_members_have_marks() {
    let chat = Chat::start(shared()).await;
    let stranger = User::sign_up(shared(), "Carol").await;
    let mut socket = Socket::open_native(shared(), &stranger).await;

    receipt(&stranger, &chat.id, 1, 1).await.expect_code(403, "notAMember");
    receipt(&stranger, &unknown_id(), 1, 1).await.expect_code(404, "noSuchChat");
    change_settings(&stranger, &chat.id, json!({ "muted": true })).await.expect_code(403, "notAMember");
    change_settings(&stranger, &unknown_id(), json!({ "muted": true })).await.expect_code(404, "noSuchChat");
    for (chat, status, code) in [(chat.id.as_str(), 403, "notAMember"), (&unknown_id(), 404, "noSuchChat")] {
        let mut frame = frame(chat, 1, 1);
        frame.as_object_mut().unwrap().remove("ackId");
        socket.send(frame).await;
        socket.expect_code("receipt", status, code).await;
    }
    assert_eq!(stored(shared(), &chat.id, &stranger).await, None);
}

#[tokio::test]
async fn a_watermark_is_a_number() {
    let chat = Chat::start(shared()).await;
    for wrong in [json!(-1), json!("x"), json!(null), json!([1])] {
        let body = json!({ "chatId": chat.id, "read": wrong });

        let reply = chat.bob.browser.post("/api/receipt", body).await;

        assert_eq!(reply.expect_error(422).message, "\"read\" must be the seq of a message");
    }
}

#[tokio::test]
async fn receipts_in_a_large_chat_are_stored_but_not_announced() {
    let chat = Chat::start(shared()).await;
    chat.say("Hello").await;
    let more: Vec<_> = (0..31).map(|_| doc! { "id": object_id(&unknown_id()), "from": 1_i64 }).collect();
    let added = doc! { "$push": { "members": { "$each": more } } };
    let log = shared().database().await.collection::<Document>("log");
    log.update_one(doc! { "_id": object_id(&chat.id) }, added).await.unwrap();
    let mut ada = Socket::open_native(shared(), &chat.ada).await;

    receipt(&chat.bob, &chat.id, 1, 1).await.expect(200);

    assert_eq!(stored(shared(), &chat.id, &chat.bob).await, Some((1, 1)));
    ada.expect_silence().await;
}

#[tokio::test]
async fn settings_reach_all_devices_of_their_user_and_nobody_else() {
    let chat = Chat::start(shared()).await;
    chat.fill(2).await;
    let mut ada = Socket::open_native(shared(), &chat.ada).await;
    let mut bob = Socket::open_native(shared(), &chat.bob).await;
    let mut old = Socket::open(shared(), &chat.bob).await;

    let mut expected = json!({ "muted": false, "archived": false, "pinned": false, "clearedSeq": 0 });
    for (change, value, result) in [
        ("muted", json!(true), json!(true)),
        ("archived", json!(true), json!(true)),
        ("pinned", json!(true), json!(true)),
        ("muted", json!(false), json!(false)),
        ("clearedSeq", json!(1), json!(1)),
        ("clearedSeq", json!(0), json!(1)),
        ("clearedSeq", json!(MAX_SEQ), json!(2)),
    ] {
        let body = change_settings(&chat.bob, &chat.id, json!({ change: value })).await.expect(200);

        expected[change] = result;
        assert_eq!(body, json!({ "status": true, "data": expected }));
        let event = json!({ "event": "chatSettings", "chatId": chat.id, "settings": expected });
        assert_eq!(bob.expect_event("chatSettings").await, event);
    }
    let unchanged = change_settings(&chat.bob, &chat.id, json!({})).await.expect(200);
    assert_eq!(unchanged["data"], expected);
    for socket in [&mut ada, &mut old] {
        socket.expect_silence().await;
    }
}

#[tokio::test]
async fn settings_and_watermarks_do_not_affect_each_other() {
    let chat = Chat::start(shared()).await;
    chat.fill(2).await;

    receipt(&chat.bob, &chat.id, 2, 1).await.expect(200);
    let pinned = change_settings(&chat.bob, &chat.id, json!({ "pinned": true })).await.expect(200);
    receipt(&chat.bob, &chat.id, 2, 2).await.expect(200);
    let unchanged = change_settings(&chat.bob, &chat.id, json!({})).await.expect(200);
    change_settings(&chat.ada, &chat.id, json!({ "muted": true })).await.expect(200);
    receipt(&chat.ada, &chat.id, 1, 0).await.expect(200);

    assert_eq!(pinned["data"]["pinned"], true);
    assert_eq!(unchanged["data"], pinned["data"]);
    assert_eq!(stored(shared(), &chat.id, &chat.bob).await, Some((2, 2)));
    assert_eq!(stored(shared(), &chat.id, &chat.ada).await, Some((1, 0)));
}
