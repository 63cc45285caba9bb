//! Sending messages: `sendMessage`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use test_support::{Browser, Chat, Reply, User, shared, unique, unknown_id};

async fn send(chat: &Chat, body: Value) -> Reply {
    chat.ada.browser.post("/api/sendMessage", body).await
}

/// Replaces every digit by 0, as in `0000-00-00T00:00:00.000Z`.
fn shape(time: &str) -> String {
    time.replace(|char: char| char.is_ascii_digit(), "0")
}

#[tokio::test]
async fn a_message_is_stored_and_returned() {
    let chat = Chat::start(shared()).await;

    let body = send(&chat, chat.by_ada("Hello, Bob")).await.expect(200);

    let message = &body["data"];
    let expected = json!({
        "_id": message["_id"], "sendBy": chat.ada.id, "sendTime": message["sendTime"],
        "message": "Hello, Bob", "seq": 1,
    });
    assert_eq!(body, json!({ "status": true, "message": "Successfully send", "data": expected }));
    assert_eq!(message["_id"].as_str().unwrap().len(), 24);
    assert_eq!(shape(message["sendTime"].as_str().unwrap()), "0000-00-00T00:00:00.000Z");
    assert_eq!(chat.numbers(&[]).await, (vec![1], false));
}

#[tokio::test]
async fn a_message_has_1_to_4096_characters() {
    let chat = Chat::start(shared()).await;
    for text in ["x".to_owned(), "é".to_owned(), " ".to_owned(), "x".repeat(4096), "😀".repeat(4096)] {
        let body = send(&chat, chat.by_ada(&text)).await.expect(200);
        assert_eq!(body["data"]["message"], text);
    }
    for text in [String::new(), "x".repeat(4097), "😀".repeat(4097)] {
        send(&chat, chat.by_ada(&text)).await.expect_error(422);
    }
    assert_eq!(chat.numbers(&[]).await, ((1..=5).collect(), false));
}

#[tokio::test]
async fn a_message_is_delivered_unchanged() {
    let chat = Chat::start(shared()).await;
    let text = "\u{0}\u{7f}\u{202e}\u{feff}\u{10ffff} \\ \" ' </script> $where {} \r\n\t 👩‍👩‍👧";

    chat.say(text).await;

    let body = chat.read(&chat.bob.browser, &[]).await.expect(200);
    assert_eq!(body["data"]["chats"][0]["message"], text);
}

#[tokio::test]
async fn every_field_except_the_client_id_is_required() {
    let chat = Chat::start(shared()).await;
    for field in ["message", "chatId", "userId"] {
        let mut body = chat.by_ada("Hello");
        body.as_object_mut().unwrap().remove(field);

        let reply = send(&chat, body).await;

        assert_eq!(reply.expect_error(422).message, format!("\"{field}\" is required"));
    }
}

#[tokio::test]
async fn the_user_id_must_be_that_of_the_signed_in_user() {
    let chat = Chat::start(shared()).await;
    let body = json!({ "message": "Hello", "chatId": chat.id, "userId": chat.bob.id });

    let reply = send(&chat, body).await;

    reply.expect_code(403, "notTheCaller");
    assert_eq!(chat.numbers(&[]).await, (vec![], false));
}

#[tokio::test]
async fn only_members_send_to_a_chat() {
    let (chat, eve) = (Chat::start(shared()).await, User::sign_up(shared(), "Eve").await);
    let body = json!({ "message": "Hello", "chatId": chat.id, "userId": eve.id });

    let reply = eve.browser.post("/api/sendMessage", body).await;

    reply.expect_code(403, "notAMember");
    assert_eq!(chat.numbers(&[]).await, (vec![], false));
}

#[tokio::test]
async fn nothing_is_sent_to_an_unknown_chat() {
    let chat = Chat::start(shared()).await;
    for id in [unknown_id(), chat.ada.id.clone()] {
        let body = json!({ "message": "Hello", "chatId": id, "userId": chat.ada.id });

        let reply = send(&chat, body).await;

        reply.expect_code(404, "noSuchChat");
    }
}

#[tokio::test]
async fn sending_requires_credentials() {
    let chat = Chat::start(shared()).await;

    let reply = Browser::new(shared()).post("/api/sendMessage", chat.by_ada("Hello")).await;

    reply.expect_code(401, "noRefreshKey");
}

#[tokio::test]
async fn a_refresh_key_is_sufficient() {
    let chat = Chat::start(shared()).await;
    let refresh = format!("refresh-key={}", chat.ada.browser.token("refresh-key"));
    let browser = Browser::sending(shared(), &refresh);

    let body = browser.post("/api/sendMessage", chat.by_ada("Hello")).await.expect(200);

    assert_eq!(body["data"]["sendBy"], chat.ada.id);
    chat.ada.browser.get("/api/refresh").await.expect(200);
}

#[tokio::test]
async fn the_refresh_key_of_an_ended_session_is_refused() {
    let chat = Chat::start(shared()).await;
    let refresh = format!("refresh-key={}", chat.ada.browser.token("refresh-key"));
    chat.ada.browser.post_empty("/api/logout").await.expect(200);

    let reply = Browser::sending(shared(), &refresh).post("/api/sendMessage", chat.by_ada("Hello")).await;

    reply.expect_code(401, "sessionOver");
}

#[tokio::test]
async fn a_repeated_message_is_stored_once() {
    let chat = Chat::start(shared()).await;
    let original = send(&chat, chat.by_ada_once("Hello", "é-1")).await.expect(200);
    chat.fill(70).await;

    let repeated = send(&chat, chat.by_ada_once("Hello", "é-1")).await.expect(200);

    assert_eq!(original["data"]["clientId"], "é-1");
    assert_eq!(repeated, original);
    assert_eq!(chat.numbers(&[]).await, ((1..=71).collect(), false));
}

#[tokio::test]
async fn a_client_id_cannot_be_reused_for_another_text() {
    let chat = Chat::start(shared()).await;
    send(&chat, chat.by_ada_once("Hello", "1")).await.expect(200);

    let reply = send(&chat, chat.by_ada_once("Goodbye", "1")).await;

    reply.expect_code(409, "clientIdReused");
    assert_eq!(chat.numbers(&[]).await, (vec![1], false));
}

#[tokio::test]
async fn client_ids_of_other_users_and_chats_do_not_matter() {
    let (chat, carol) = (Chat::start(shared()).await, User::sign_up(shared(), "Carol").await);
    let other_chat = Chat::connect(&chat.ada, &carol).await;
    send(&chat, chat.by_ada_once("Hello", "1")).await.expect(200);

    let bobs = json!({ "message": "Hi", "chatId": chat.id, "userId": chat.bob.id, "clientId": "1" });
    let bobs = chat.bob.browser.post("/api/sendMessage", bobs).await.expect(200);
    let elsewhere = json!({ "message": "Hey", "chatId": other_chat, "userId": chat.ada.id, "clientId": "1" });
    let elsewhere = send(&chat, elsewhere).await.expect(200);

    assert_eq!((&bobs["data"]["seq"], &elsewhere["data"]["seq"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn a_client_id_has_1_to_64_characters() {
    let chat = Chat::start(shared()).await;
    for client_id in ["x".to_owned(), "é".repeat(64)] {
        send(&chat, chat.by_ada_once("Hello", &client_id)).await.expect(200);
    }
    for client_id in [String::new(), "x".repeat(65)] {
        send(&chat, chat.by_ada_once("Hello", &client_id)).await.expect_error(422);
    }
}

#[tokio::test]
async fn simultaneous_repeats_are_stored_once() {
    let (chat, client_id) = (Chat::start(shared()).await, unique("send-"));

    let replies = join_all((0..20).map(|_| send(&chat, chat.by_ada_once("Hello", &client_id)))).await;

    let first = replies[0].expect(200);
    for reply in replies {
        assert_eq!(reply.expect(200), first);
    }
    assert_eq!(chat.numbers(&[]).await, (vec![1], false));
}

#[tokio::test]
async fn two_hundred_simultaneous_messages_are_numbered_without_a_gap() {
    let chat = Chat::start(shared()).await;
    let ids = (0..200).map(|number| format!("send-{number}"));
    let bodies: Vec<_> = ids.map(|id| chat.by_ada_once(&id, &id)).collect();

    let replies = join_all(bodies.into_iter().map(|body| send(&chat, body))).await;

    let mut stored: Vec<_> = replies.iter().map(|reply| reply.expect(200)["data"].clone()).collect();
    stored.sort_by_key(|message| message["seq"].as_i64());
    let body = chat.read(&chat.bob.browser, &[]).await.expect(200);
    assert_eq!(body["data"]["chats"], json!(stored));
    assert_eq!(chat.numbers(&[]).await, ((1..=200).collect(), false));
}

#[tokio::test]
async fn a_reply_names_an_entry_of_the_chat() {
    let chat = Chat::start(shared()).await;
    chat.say("question").await;
    let send = async |reply_to: i64| {
        let mut body = chat.by_ada("answer");
        body["replyTo"] = reply_to.into();
        chat.ada.browser.post("/api/sendMessage", body).await
    };

    assert_eq!(send(1).await.expect(200)["data"]["replyTo"], 1);
    for missing in [0, 3, 1 << 40] {
        assert_eq!(send(missing).await.expect_error(404).code, "noSuchEntry");
    }
    assert_eq!(chat.numbers(&[]).await.0, [1, 2]);
}
