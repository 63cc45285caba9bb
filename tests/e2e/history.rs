//! Reading messages: `getChat` and `lastMessage`.

use futures_util::future::join_all;
use serde_json::json;
use test_support::{Browser, Chat, User, shared, unknown_id};

#[tokio::test]
async fn a_new_chat_has_no_messages() {
    let chat = Chat::start(shared()).await;

    let history = chat.read(&chat.bob.browser, &[]).await.expect(200);
    let last = chat.bob.browser.query("/api/lastMessage", &[("chatId", &chat.id)]).await.expect(200);

    let empty = json!({ "_id": chat.id, "chats": [] });
    assert_eq!(history, json!({ "status": true, "data": empty, "hasMore": false }));
    assert_eq!(last, json!({ "status": true, "data": empty }));
}

#[tokio::test]
async fn both_members_read_the_same_messages_oldest_first() {
    let chat = Chat::start(shared()).await;
    let sent = [chat.say("one").await, chat.say("two").await, chat.say("three").await];

    for reader in [&chat.ada, &chat.bob] {
        let history = chat.read(&reader.browser, &[]).await.expect(200);
        assert_eq!(history["data"], json!({ "_id": chat.id, "chats": sent }));
        let last = reader.browser.query("/api/lastMessage", &[("chatId", &chat.id)]).await.expect(200);
        assert_eq!(last["data"], json!({ "_id": chat.id, "chats": [sent[2]] }));
    }
}

#[tokio::test]
async fn a_long_chat_is_read_in_pages_of_any_size() {
    let chat = Chat::start(shared()).await;
    chat.fill(130).await;
    let all = (1..=130).collect::<Vec<i64>>();

    for (parameters, first, last, has_more) in [
        (vec![], 1, 130, false),
        (vec![("limit", "1")], 130, 130, true),
        (vec![("limit", "2")], 129, 130, true),
        (vec![("limit", "3")], 128, 130, true),
        (vec![("limit", "66")], 65, 130, true),
        (vec![("limit", "67")], 64, 130, true),
        (vec![("limit", "129")], 2, 130, true),
        (vec![("limit", "130")], 1, 130, false),
        (vec![("limit", "1000")], 1, 130, false),
        (vec![("before", "1000")], 1, 130, false),
        (vec![("before", "66"), ("limit", "3")], 63, 65, true),
        (vec![("before", "65"), ("limit", "3")], 62, 64, true),
        (vec![("before", "65"), ("limit", "64")], 1, 64, false),
        (vec![("before", "64"), ("limit", "63")], 1, 63, false),
        (vec![("before", "2")], 1, 1, false),
        (vec![("after", "0"), ("limit", "1")], 1, 1, true),
        (vec![("after", "0"), ("limit", "64")], 1, 64, true),
        (vec![("after", "63"), ("limit", "1")], 64, 64, true),
        (vec![("after", "63"), ("limit", "3")], 64, 66, true),
        (vec![("after", "64"), ("limit", "2")], 65, 66, true),
        (vec![("after", "64"), ("limit", "66")], 65, 130, false),
        (vec![("after", "129")], 130, 130, false),
    ] {
        let read = chat.numbers(&parameters).await;

        assert_eq!(read, (all[first - 1..last].to_vec(), has_more), "with {parameters:?}");
    }
    for parameters in [("before", "1"), ("before", "0"), ("after", "130"), ("after", "131")] {
        assert_eq!(chat.numbers(&[parameters]).await, (vec![], false), "with {parameters:?}");
    }
}

#[tokio::test]
async fn two_hundred_messages_are_read_unless_another_limit_is_given() {
    let chat = Chat::start(shared()).await;
    chat.fill(201).await;

    assert_eq!(chat.numbers(&[]).await, ((2..=201).collect(), true));
    assert_eq!(chat.numbers(&[("limit", "1000")]).await, ((1..=201).collect(), false));
}

/// Sends this text `count` times, all at once.
async fn repeat(chat: &Chat, text: &str, count: usize) {
    join_all((0..count).map(|_| chat.say(text))).await;
}

#[tokio::test]
async fn a_page_of_long_messages_is_cut_short() {
    let chat = Chat::start(shared()).await;
    // 48 of these texts have 768 KiB, the maximum for one answer.
    repeat(&chat, &"😀".repeat(4096), 100).await;

    for (parameter, numbers, has_more) in [
        (("after", "0"), 1..=48, true),
        (("after", "48"), 49..=96, true),
        (("after", "96"), 97..=100, false),
        (("after", "52"), 53..=100, false),
        (("limit", "1000"), 53..=100, true),
        (("before", "53"), 5..=52, true),
        (("before", "5"), 1..=4, false),
        (("before", "49"), 1..=48, false),
    ] {
        let read = chat.numbers(&[parameter]).await;

        assert_eq!(read, (numbers.collect(), has_more), "with {parameter:?}");
    }
}

#[tokio::test]
async fn the_longest_page_fits_into_a_response_of_a_function() {
    let chat = Chat::start(shared()).await;
    // JSON writes each of these characters with six, and a function's response is JSON in JSON.
    repeat(&chat, &"\u{1}".repeat(4096), 193).await;

    let reply = chat.read(&chat.bob.browser, &[("after", "0")]).await;

    let body = reply.expect(200);
    assert_eq!((body["data"]["chats"].as_array().unwrap().len(), &body["hasMore"]), (192, &json!(true)));
    assert!(reply.body.len() > 6 * 768 * 1024);
}

#[tokio::test]
async fn an_invalid_range_is_refused() {
    let chat = Chat::start(shared()).await;

    for parameters in [
        [("limit", "0")].as_slice(),
        &[("limit", "1001")],
        &[("limit", "-1")],
        &[("limit", "ten")],
        &[("before", "x")],
        &[("after", "-1")],
        &[("after", "99999999999999999999")],
    ] {
        chat.read(&chat.bob.browser, parameters).await.expect_code(400, "badParameter");
    }
}

#[tokio::test]
async fn a_valid_chat_id_is_required() {
    let ada = User::sign_up(shared(), "Ada").await;
    for path in ["/api/getChat", "/api/lastMessage"] {
        let missing = ada.browser.get(path).await;

        assert_eq!(missing.expect_error(400).message, "\"chatId\" is required", "{path}");
        for id in ["x", &ada.id[1..], "65A1B2C3D4E5F60718293A4B"] {
            ada.browser.query(path, &[("chatId", id)]).await.expect_error(400);
        }
    }
}

#[tokio::test]
async fn an_unknown_chat_cannot_be_read() {
    let ada = User::sign_up(shared(), "Ada").await;
    for path in ["/api/getChat", "/api/lastMessage"] {
        for id in [&unknown_id(), &ada.id] {
            ada.browser.query(path, &[("chatId", id)]).await.expect_code(404, "noSuchChat");
        }
    }
}

#[tokio::test]
async fn only_members_read_a_chat() {
    let (chat, eve) = (Chat::start(shared()).await, User::sign_up(shared(), "Eve").await);
    chat.say("Hello").await;
    for path in ["/api/getChat", "/api/lastMessage"] {
        eve.browser.query(path, &[("chatId", &chat.id)]).await.expect_code(403, "notAMember");
        Browser::new(shared()).query(path, &[("chatId", &chat.id)]).await.expect_code(401, "noAccessKey");
    }
}
