//! Catching up with `sync`, over HTTP and over a socket.

use std::collections::HashMap;

use futures_util::future::join_all;
use mongodb::bson::{DateTime, Document, doc};
use serde_json::{Value, json};
use test_support::{Chat, Socket, User, object_id, shared, unknown_id};

/// Calls `sync` over HTTP.
async fn sync(user: &User, body: Value) -> Value {
    user.browser.post("/api/sync", body).await.expect(200)
}

/// Calls `sync` over a socket.
async fn sync_over(socket: &mut Socket, body: Value) -> Value {
    let mut frame = json!({ "action": "sync", "ackId": 1 });
    frame.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    socket.send(frame).await;
    let mut ack = socket.expect_event("ack").await;
    assert_eq!(ack["ackId"], 1);
    ack.as_object_mut().unwrap().retain(|name, _| name != "event" && name != "ackId");
    ack
}

fn chats(answer: &Value) -> &Vec<Value> {
    answer["chats"].as_array().unwrap()
}

/// Returns the `seq` of each entry.
fn numbers(chat: &Value) -> Vec<i64> {
    chat["entries"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()).collect()
}

/// Starts chats of Ada with new users, of this length each. Returns Ada and the chats.
async fn chats_of_ada(count: usize, messages: usize) -> (User, Vec<String>) {
    let ada = User::sign_up(shared(), "Ada Lovelace").await;
    let mut ids = Vec::new();
    for _ in 0..count {
        let friend = User::sign_up(shared(), "Friend").await;
        let id = Chat::connect(&friend, &ada).await;
        for number in 0..messages {
            let body = json!({ "chatId": id, "userId": friend.id, "message": number.to_string() });
            friend.browser.post("/api/sendMessage", body).await.expect(200);
        }
        ids.push(id);
    }
    (ada, ids)
}

/// Lets a chat and the profiles of its members be older than what the margin of `now` repeats.
async fn age(chat: &str) {
    let database = shared().database().await;
    let (log, users) = (database.collection::<Document>("log"), database.collection::<Document>("users"));
    let past = doc! { "$set": { "updatedAt": DateTime::from_millis(DateTime::now().timestamp_millis() - 120_000) } };
    let filter = doc! { "_id": object_id(chat) };
    let head = log.find_one_and_update(filter, past.clone()).await.unwrap().unwrap();
    let members = head.get_array("members").unwrap().iter();
    let members: Vec<_> = members.map(|member| member.as_document().unwrap().get("id").unwrap()).collect();
    users.update_many(doc! { "_id": { "$in": members } }, past).await.unwrap();
}

#[tokio::test]
async fn a_device_receives_what_follows_the_last_entry_it_holds() {
    let chat = Chat::start(shared()).await;
    for text in ["one", "two", "three"] {
        chat.say(text).await;
    }

    let answer = sync(&chat.bob, json!({ "chats": { &chat.id: 1 } })).await;

    let synced = &chats(&answer)[0];
    assert_eq!(synced["_id"], chat.id.as_str());
    assert_eq!(numbers(synced), [2, 3]);
    assert_eq!((&synced["from"], &synced["lastSeq"], &synced["more"]), (&json!(2), &json!(3), &json!(false)));
    let entry = &synced["entries"][0];
    assert_eq!(
        (&entry["kind"], &entry["message"], &entry["by"]),
        (&json!("message"), &json!("two"), &json!(chat.ada.id))
    );
    assert_eq!(answer["gone"], json!([]));
    assert_eq!(answer.get("next"), None);
}

#[tokio::test]
async fn a_socket_answers_like_the_http_api() {
    let chat = Chat::start(shared()).await;
    chat.say("hello").await;
    let mut socket = Socket::open(shared(), &chat.bob).await;
    for body in [json!({}), json!({ "chats": { &chat.id: 0 } }), json!({ "chats": { &chat.id: 1 } })] {
        let mut answers = [sync(&chat.bob, body.clone()).await, sync_over(&mut socket, body.clone()).await];
        for answer in &mut answers {
            answer.as_object_mut().unwrap().remove("now").unwrap();
        }
        assert_eq!(answers[0], answers[1], "for {body}");
    }
}

#[tokio::test]
async fn a_new_device_receives_the_newest_entries_of_all_chats() {
    let chat = Chat::start(shared()).await;
    chat.fill(70).await;

    let answer = sync(&chat.bob, json!({})).await;

    let synced = &chats(&answer)[0];
    assert_eq!(numbers(synced), (51..=70).collect::<Vec<_>>());
    assert_eq!((&synced["from"], &synced["more"], &synced["kind"]), (&json!(51), &json!(false), &json!("direct")));
    assert_eq!(synced["friend"]["fullName"], "Ada Lovelace");
}

#[tokio::test]
async fn everything_that_was_missed_arrives_in_order_over_several_answers() {
    let chat = Chat::start(shared()).await;
    chat.fill(300).await;
    for limit in [7, 64, 100, 1000] {
        let (mut held, mut all) = (0, Vec::new());
        loop {
            let body = json!({ "chats": { &chat.id: held }, "limit": limit });
            let answer = sync(&chat.bob, body).await;
            let synced = &chats(&answer)[0];
            let numbers = numbers(synced);
            assert!(numbers.len() <= limit, "{} entries for a limit of {limit}", numbers.len());
            held = *numbers.last().unwrap();
            all.extend(numbers);
            if synced["more"] == false {
                break;
            }
        }
        assert_eq!(all, (1..=300).collect::<Vec<_>>(), "with the limit {limit}");
    }
}

#[tokio::test]
async fn an_answer_ends_where_its_carrier_does() {
    let chat = Chat::start(shared()).await;
    let text = "\u{1}\"ä€😀".repeat(800);
    join_all((0..100).map(|_| chat.say(&text))).await;
    let mut socket = Socket::open(shared(), &chat.bob).await;
    for limit in [96 * 1024, 768 * 1024] {
        let (mut held, mut answers) = (0, 0);
        loop {
            let body = json!({ "chats": { &chat.id: held }, "limit": 1000 });
            let answer =
                if limit > 96 * 1024 { sync(&chat.bob, body).await } else { sync_over(&mut socket, body).await };
            let size = answer.to_string().len();
            assert!(size <= limit, "{size} bytes, and the limit is {limit}");
            answers += 1;
            let synced = &chats(&answer)[0];
            assert_eq!(numbers(synced)[0], held + 1);
            held = *numbers(synced).last().unwrap();
            if synced["more"] == false {
                break;
            }
        }
        assert_eq!(held, 100);
        assert!(answers > 1, "the answers were not cut");
    }
}

#[tokio::test]
async fn a_new_device_of_a_user_with_many_chats_goes_on_with_next() {
    let (ada, ids) = chats_of_ada(30, 1).await;
    let text = "x".repeat(4000);
    join_all(ids.iter().map(|id| {
        let body = json!({ "chatId": id, "userId": ada.id, "message": text });
        async { ada.browser.post("/api/sendMessage", body).await.expect(200) }
    }))
    .await;
    let mut socket = Socket::open(shared(), &ada).await;
    let (mut received, mut body, mut answers) = (HashMap::new(), json!({}), 0);
    loop {
        let answer = sync_over(&mut socket, body.clone()).await;
        answers += 1;
        for chat in chats(&answer) {
            let earlier = received.insert(chat["_id"].as_str().unwrap().to_owned(), numbers(chat));
            assert_eq!(earlier, None, "{} is in two answers", chat["_id"]);
        }
        match answer.get("next") {
            Some(next) => body["before"] = next.clone(),
            None => break,
        }
    }
    assert!(answers > 1, "the answers were not cut");
    assert_eq!(received.len(), ids.len());
    assert!(received.values().all(|numbers| numbers == &[1, 2]), "{received:?}");
}

#[tokio::test]
async fn only_chats_with_something_new_since_are_returned() {
    let (ada, ids) = chats_of_ada(3, 2).await;
    let first = sync(&ada, json!({})).await;
    assert_eq!(chats(&first).len(), 3);
    for id in &ids {
        age(id).await;
    }
    let since = &first["now"];
    assert_eq!(chats(&sync(&ada, json!({ "since": since })).await).len(), 0);

    let body = json!({ "chatId": ids[1], "userId": ada.id, "message": "news" });
    ada.browser.post("/api/sendMessage", body).await.expect(200);

    // A chat is returned whether or not the device names it, and a named one is also returned without
    // news if the device holds too little of it.
    for (named, expected) in [
        (json!({}), vec![(&ids[1], vec![1, 2, 3])]),
        (json!({ &ids[1]: 2 }), vec![(&ids[1], vec![3])]),
        (json!({ &ids[1]: 3, &ids[0]: 2 }), vec![]),
        (json!({ &ids[1]: 3, &ids[2]: 1 }), vec![(&ids[2], vec![2])]),
    ] {
        let answer = sync(&ada, json!({ "chats": named, "since": since })).await;
        let received: Vec<_> =
            chats(&answer).iter().map(|chat| (chat["_id"].as_str().unwrap(), numbers(chat))).collect();
        let expected: Vec<_> = expected.into_iter().map(|(id, numbers)| (id.as_str(), numbers)).collect();
        assert_eq!(received, expected, "for {named}");
    }
}

#[tokio::test]
async fn an_unknown_since_counts_as_none() {
    let (ada, _) = chats_of_ada(1, 1).await;
    for since in [json!("yesterday"), json!(5), json!(null), json!({})] {
        let answer = ada.browser.post("/api/sync", json!({ "since": since })).await.expect(200);
        assert_eq!(chats(&answer).len(), 1, "for {since}");
    }
}

#[tokio::test]
async fn a_chat_of_others_is_gone_and_the_rest_is_answered() {
    let (ada, ids) = chats_of_ada(1, 2).await;
    let others = Chat::start(shared()).await;
    let unknown = unknown_id();

    let answer = sync(&ada, json!({ "chats": { &ids[0]: 1, &others.id: 0, &unknown: 3 } })).await;

    let mut gone: Vec<_> = answer["gone"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    gone.sort_unstable();
    let mut expected = [others.id.as_str(), unknown.as_str()];
    expected.sort_unstable();
    assert_eq!(gone, expected);
    assert_eq!(numbers(&chats(&answer)[0]), [2]);
}

#[tokio::test]
async fn malformed_input_is_refused() {
    let (ada, ids) = chats_of_ada(1, 1).await;
    let many: HashMap<String, u8> = (0..501).map(|_| (unknown_id(), 0)).collect();
    for (body, message) in [
        (json!({ "chats": many }), "\"chats\" must name at most 500 chats"),
        (json!({ "limit": 0 }), "\"limit\" must be a number from 1 to 1000"),
        (json!({ "limit": 1001 }), "\"limit\" must be a number from 1 to 1000"),
        (json!({ "before": "x" }), "\"before\" must be the next of the previous page"),
    ] {
        let error = ada.browser.post("/api/sync", body).await.expect_error(422);
        assert_eq!(error.message, message);
    }
    let body = json!({ "chats": { &ids[0]: -1 } });
    let error = ada.browser.post("/api/sync", body).await.expect_error(422);
    assert!(error.message.contains("must be the seq of a message"), "{}", error.message);
    ada.browser.post("/api/sync", json!({ "chats": 5 })).await.expect_error(422);
}

#[tokio::test]
async fn a_socket_needs_an_ack_id_to_sync() {
    let chat = Chat::start(shared()).await;
    let mut socket = Socket::open(shared(), &chat.bob).await;
    socket.send(json!({ "action": "sync" })).await;
    socket.expect_code("sync", 422, "ackIdRequired").await;
}

#[tokio::test]
async fn syncing_requires_signing_in() {
    let browser = test_support::Browser::new(shared());
    let error = browser.post("/api/sync", json!({})).await.expect_error(401);
    assert_eq!(error.code, "noAccessKey");
}

#[tokio::test]
async fn a_reader_sees_no_hole_while_others_write() {
    let chat = Chat::start(shared()).await;
    let texts: Vec<_> = (0..200).map(|number| number.to_string()).collect();
    let writers = join_all(texts.iter().map(|text| chat.say(text)));
    let reader = async {
        let mut held: i64 = 0;
        while held < texts.len() as i64 {
            let answer = sync(&chat.bob, json!({ "chats": { &chat.id: held }, "limit": 1000 })).await;
            for synced in chats(&answer) {
                let expected: Vec<_> = (held + 1..=synced["lastSeq"].as_i64().unwrap()).collect();
                if !expected.is_empty() {
                    assert_eq!(numbers(synced), expected);
                    held = *expected.last().unwrap();
                }
            }
        }
    };
    tokio::join!(writers, reader);
}
