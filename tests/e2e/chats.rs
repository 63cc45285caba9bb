//! Chats: `createConnection` and `allConnection`.

use futures_util::future::{join, join_all};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use test_support::{Browser, Chat, Reply, Socket, User, object_id, shared, unknown_id};

async fn connect(one: &User, other: &str) -> Reply {
    one.browser.post("/api/createConnection", json!({ "personId": other })).await
}

/// Returns the ids of a user's chats, in the order of the list.
async fn listed_chats(user: &User) -> Vec<Value> {
    let body = user.browser.get("/api/allConnection").await.expect(200);
    body["data"].as_array().unwrap().iter().map(|chat| chat["_id"].clone()).collect()
}

#[tokio::test]
async fn two_users_are_connected() {
    let (ada, bob) = (User::sign_up(shared(), "Ada").await, User::sign_up(shared(), "Bob").await);

    let body = connect(&ada, &bob.id).await.expect(200);

    let id = body["chatId"].as_str().unwrap();
    assert_eq!(body, json!({ "status": true, "message": "Person added successfully", "chatId": id }));
    for (one, other) in [(&ada, &bob), (&bob, &ada)] {
        let chats = one.browser.get("/api/allConnection").await.expect(200);
        let expected = json!({
            "_id": id, "friend": other.public_profile(), "chats": [], "unread": 0, "delivered": 0, "read": 0,
            "lastActivity": chats["data"][0]["lastActivity"],
        });
        assert_eq!(chats, json!({ "status": true, "data": [expected] }));
    }
}

#[tokio::test]
async fn two_users_are_connected_only_once() {
    let Chat { id, ada, bob } = Chat::start(shared()).await;

    for reply in [connect(&ada, &bob.id).await, connect(&bob, &ada.id).await, connect(&ada, &bob.id).await] {
        let error = reply.expect_error(409);
        assert_eq!((error.code.as_str(), error.chat), ("alreadyConnected", Some(id.clone())));
    }

    assert_eq!(listed_chats(&ada).await, [id.as_str()]);
}

#[tokio::test]
async fn only_one_of_many_requests_for_the_same_pair_succeeds() {
    let (ada, bob) = (User::sign_up(shared(), "Ada").await, User::sign_up(shared(), "Bob").await);

    let both = (0..10).map(|_| join(connect(&ada, &bob.id), connect(&bob, &ada.id)));
    let replies: Vec<_> = join_all(both).await.into_iter().flat_map(|(one, other)| [one, other]).collect();

    let (accepted, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(accepted.len(), 1);
    let id = accepted[0].expect(200)["chatId"].clone();
    for reply in refused {
        reply.expect_code(409, "alreadyConnected");
        assert_eq!(reply.expect_error(409).chat.unwrap(), id);
    }
    assert_eq!(listed_chats(&ada).await, [id]);
    assert_eq!(listed_chats(&bob).await, listed_chats(&ada).await);
}

#[tokio::test]
async fn many_pairs_that_connect_at_once_have_one_chat_each() {
    let mut users = Vec::new();
    for _ in 0..4 {
        users.push(User::sign_up(shared(), "Ada").await);
    }
    let pairs = || users.iter().flat_map(|one| users.iter().map(move |other| (one, other)));
    let attempts = (0..3).flat_map(|_| pairs()).filter(|(one, other)| one.id != other.id);

    let replies = join_all(attempts.map(|(one, other)| connect(one, &other.id))).await;

    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 6);
    for user in &users {
        assert_eq!(listed_chats(user).await.len(), 3);
    }
}

#[tokio::test]
async fn a_new_chat_is_announced_to_the_native_clients_of_both() {
    let (ada, bob) = (User::sign_up(shared(), "Ada").await, User::sign_up(shared(), "Bob").await);
    let photo = Part::bytes([b"\xFF\xD8\xFF\xE0".as_slice(), ada.id.as_bytes()].concat());
    let form = Form::new().text("email", ada.email.clone()).text("fullName", "Ada").part("profile", photo);
    ada.browser.request(Method::POST, "/api/uploadDetails", |request| request.multipart(form)).await.expect(200);
    let details = ada.browser.get("/api/userDetails").await.expect(200);
    let photo = details["userdata"]["photoUrl"].as_str().unwrap().strip_prefix(&shared().http).unwrap();
    let mut ada_socket = Socket::open_native(shared(), &ada).await;
    let mut bob_socket = Socket::open_native(shared(), &bob).await;
    let mut old = Socket::open(shared(), &bob).await;

    let first = connect(&ada, &bob.id).await.expect(200);
    connect(&bob, &ada.id).await.expect_code(409, "alreadyConnected");

    // A repeat announces the chat again.
    for _ in 0..2 {
        let friend = json!({ "_id": ada.id, "fullName": "Ada", "photoUrl": photo });
        let expected = json!({ "event": "newChat", "chatId": first["chatId"], "friend": friend });
        assert_eq!(bob_socket.expect_event("newChat").await, expected);
        let expected = json!({ "event": "newChat", "chatId": first["chatId"], "friend": bob.public_profile() });
        assert_eq!(ada_socket.expect_event("newChat").await, expected);
    }
    assert!(photo.starts_with("/uploads/"));
    for socket in [&mut ada_socket, &mut bob_socket, &mut old] {
        socket.expect_silence().await;
    }
}

#[tokio::test]
async fn an_unknown_user_cannot_be_connected() {
    let ada = User::sign_up(shared(), "Ada").await;

    connect(&ada, &unknown_id()).await.expect_code(404, "noSuchUser");
}

#[tokio::test]
async fn a_user_cannot_connect_to_themselves() {
    let ada = User::sign_up(shared(), "Ada").await;

    connect(&ada, &ada.id).await.expect_code(422, "yourself");
}

#[tokio::test]
async fn a_valid_person_id_is_required() {
    let ada = User::sign_up(shared(), "Ada").await;

    let missing = ada.browser.post("/api/createConnection", json!({})).await;

    assert_eq!(missing.expect_error(422).message, "\"personId\" is required");
    for id in ["", "bob", &ada.id[1..], "65A1B2C3D4E5F60718293A4B"] {
        connect(&ada, id).await.expect_error(422);
    }
}

#[tokio::test]
async fn chats_require_a_signed_in_user() {
    let (ada, stranger) = (User::sign_up(shared(), "Ada").await, Browser::new(shared()));

    stranger.post("/api/createConnection", json!({ "personId": ada.id })).await.expect_code(401, "noAccessKey");
    stranger.get("/api/allConnection").await.expect_code(401, "noAccessKey");
}

#[tokio::test]
async fn an_empty_list_of_chats_is_a_204() {
    let ada = User::sign_up(shared(), "Ada").await;

    let reply = ada.browser.get("/api/allConnection").await;

    assert_eq!((reply.status, reply.body.as_slice()), (204, b"".as_slice()));
}

#[tokio::test]
async fn the_chat_with_the_newest_message_comes_first() {
    let first = Chat::start(shared()).await;
    let bob = &first.bob;
    let carol = User::sign_up(shared(), "Carol").await;
    let second = Chat::connect(&carol, bob).await;
    assert_eq!(listed_chats(bob).await, [second.as_str(), &first.id]);

    first.say("Hello").await;
    let last = first.say("Are you there?").await;

    assert_eq!(listed_chats(bob).await, [first.id.as_str(), &second]);
    let chats = bob.browser.get("/api/allConnection").await.expect(200);
    assert_eq!((&chats["data"][0]["chats"], &chats["data"][1]["chats"]), (&last, &json!([])));
}

#[tokio::test]
async fn the_list_of_chats_is_read_in_pages() {
    let first = Chat::start(shared()).await;
    let bob = &first.bob;
    let mut expected = vec![first.id.clone()];
    for _ in 0..4 {
        let carol = User::sign_up(shared(), "Carol").await;
        expected.insert(0, Chat::connect(&carol, bob).await);
    }

    let (mut pages, mut before) = (Vec::new(), None::<String>);
    loop {
        let mut parameters = vec![("limit", "2")];
        parameters.extend(before.as_deref().map(|before| ("before", before)));
        let page = bob.browser.query("/api/allConnection", &parameters).await.expect(200);
        let chats = page["data"].as_array().unwrap().iter().map(|chat| chat["_id"].as_str().unwrap().to_owned());
        pages.push(chats.collect::<Vec<_>>());
        match page["next"].as_str() {
            Some(next) => before = Some(next.to_owned()),
            None => break,
        }
    }

    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(pages.concat(), expected);
}

/// Gives Bob `count` copies of a chat. They go into the database, since nobody can have so many chats in
/// a moment.
async fn copy_chat(chat: &Chat, count: usize) {
    let log = shared().database().await.collection::<Document>("log");
    let original = log.find_one(doc! { "_id": object_id(&chat.id) }).await.unwrap().unwrap();
    let copies = (0..count).map(|_| {
        let (mut copy, id) = (original.clone(), ObjectId::new());
        copy.remove("pair");
        copy.extend(doc! { "_id": id, "chatId": id });
        copy
    });
    log.insert_many(copies).await.unwrap();
}

#[tokio::test]
async fn a_list_of_long_messages_says_that_there_are_more_chats() {
    let first = Chat::start(shared()).await;
    let bob = &first.bob;
    first.say(&"é".repeat(4096)).await;
    copy_chat(&first, 100).await;

    let page = bob.browser.get("/api/allConnection").await.expect(200);
    let next = page["next"].as_str().unwrap();
    let rest = bob.browser.query("/api/allConnection", &[("before", next)]).await.expect(200);

    let counts = [&page, &rest].map(|page| page["data"].as_array().unwrap().len());
    assert_eq!(counts, [95, 6]);
    assert!(rest["next"].is_null());
}

#[tokio::test]
async fn the_longest_list_of_chats_fits_into_a_response_of_a_function() {
    let first = Chat::start(shared()).await;
    let (ada, bob) = (&first.ada, &first.bob);
    // JSON writes each of these characters with six, and a function's response is JSON in JSON.
    let longest = |length: usize| "\u{1}".repeat(length);
    let profile = json!({ "fullName": longest(100), "email": ada.email });
    ada.browser.post("/api/uploadDetails", profile).await.expect(200);
    let message = first.by_ada_once(&longest(786), &longest(64));
    ada.browser.post("/api/sendMessage", message).await.expect(200);
    copy_chat(&first, 1000).await;

    let page = bob.browser.get("/api/allConnection").await.expect(200);

    // Each chat has 950 bytes of texts, and a page at most 768 KiB.
    assert_eq!(page["data"].as_array().unwrap().len(), 768 * 1024 / 950);
    assert!(page["next"].is_string());
}

#[tokio::test]
async fn a_position_that_no_list_has_returned_is_refused() {
    let ada = User::sign_up(shared(), "Ada").await;
    for before in ["x", "1-2", "1700000000120", "-65a1b2c3d4e5f60718293a4d"] {
        let reply = ada.browser.query("/api/allConnection", &[("before", before)]).await;

        assert_eq!(reply.expect_error(400).message, "\"before\" must be the next of the previous page");
    }
}

#[tokio::test]
async fn a_chat_is_listed_only_for_its_members() {
    let chat = Chat::start(shared()).await;
    let other = Chat::start(shared()).await;

    assert_eq!(listed_chats(&chat.ada).await, [chat.id.as_str()]);
    assert_eq!(listed_chats(&other.ada).await, [other.id.as_str()]);
}
