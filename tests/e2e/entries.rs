//! Stored messages reach the devices of the members: the action `sendMessage`, and what
//! `POST /api/sendMessage` announces.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use mongodb::bson::{DateTime, Document, doc};
use serde_json::{Value, json};
use test_support::{Chat, Socket, User, eventually, object_id, shared, unique, unknown_id};

/// Returns a frame that sends a message.
fn send(chat: &str, text: &str, client_id: &str) -> Value {
    json!({ "action": "sendMessage", "chatId": chat, "message": text, "clientId": client_id, "ackId": 1 })
}

/// Sends a message, and returns the entry in its acknowledgement.
async fn stored(socket: &mut Socket, frame: Value) -> Value {
    socket.send(frame).await;
    let ack = socket.expect_event("ack").await;
    assert_eq!(ack["ackId"], 1);
    ack["entry"].clone()
}

/// The devices of two users who chat.
struct Devices {
    chat: Chat,
    adas_native: Socket,
    adas_other_native: Socket,
    adas_frontend: Socket,
    bobs_native: Socket,
    bobs_frontend: Socket,
    bobs_frontend_elsewhere: Socket,
}

impl Devices {
    async fn open() -> Self {
        let stack = shared();
        let chat = Chat::start(stack).await;
        Self {
            adas_native: Socket::open_native(stack, &chat.ada).await,
            adas_other_native: Socket::open_native(stack, &chat.ada).await,
            adas_frontend: Socket::in_room(stack, &chat.ada, &chat.ada.browser, &chat.id).await,
            bobs_native: Socket::open_native(stack, &chat.bob).await,
            bobs_frontend: Socket::in_room(stack, &chat.bob, &chat.bob.browser, &chat.id).await,
            bobs_frontend_elsewhere: Socket::open(stack, &chat.bob).await,
            chat,
        }
    }

    /// Checks that the native clients receive this entry, except Ada's first one.
    async fn expect_entry(&mut self, entry: &Value) {
        for native in [&mut self.adas_other_native, &mut self.bobs_native] {
            assert_eq!(native.expect_entry(&self.chat.id).await, *entry);
        }
    }

    /// Checks that the receiver's frontend in the room shows this text.
    async fn expect_update(&mut self, text: &str) {
        let expected = json!({ "event": "chatUpdate", "chatId": self.chat.id, "message": text });
        assert_eq!(self.bobs_frontend.expect_event("chatUpdate").await, expected);
    }

    /// Checks that no device has received anything else.
    async fn expect_silence(self) {
        let Self { adas_native, adas_other_native, adas_frontend, .. } = self;
        let Self { bobs_native, bobs_frontend, bobs_frontend_elsewhere, .. } = self;
        let adas = [adas_native, adas_other_native, adas_frontend];
        for mut socket in adas.into_iter().chain([bobs_native, bobs_frontend, bobs_frontend_elsewhere]) {
            socket.expect_silence().await;
        }
    }
}

#[tokio::test]
async fn one_frame_stores_a_message_and_shows_it_to_all_other_devices() {
    let mut devices = Devices::open().await;
    let frame = send(&devices.chat.id, "Hello", "1");

    let entry = stored(&mut devices.adas_native, frame).await;

    devices.expect_entry(&entry).await;
    devices.expect_update("Hello").await;
    let body = devices.chat.read(&devices.chat.bob.browser, &[]).await.expect(200);
    let message = &body["data"]["chats"][0];
    let mut expected = message.clone();
    expected["kind"] = "message".into();
    expected["by"] = message["sendBy"].clone();
    expected["at"] = message["sendTime"].clone();
    assert_eq!(entry, expected);
    assert_eq!(
        (&entry["by"], &entry["seq"], &entry["clientId"]),
        (&json!(devices.chat.ada.id), &json!(1), &json!("1"))
    );
    devices.expect_silence().await;
}

#[tokio::test]
async fn a_message_that_is_sent_over_http_reaches_native_clients() {
    let mut devices = Devices::open().await;

    let message = devices.chat.say("Hello").await;

    let entry = devices.adas_native.expect_entry(&devices.chat.id).await;
    assert_eq!((&entry["_id"], &entry["message"]), (&message["_id"], &json!("Hello")));
    devices.expect_entry(&entry).await;
    devices.expect_silence().await;
}

#[tokio::test]
async fn a_message_with_a_client_id_reaches_frontends_of_the_reference_too() {
    let mut devices = Devices::open().await;
    let body = devices.chat.by_ada_once("Hello", "1");

    devices.chat.ada.browser.post("/api/sendMessage", body).await.expect(200);

    let entry = devices.adas_native.expect_entry(&devices.chat.id).await;
    devices.expect_entry(&entry).await;
    devices.expect_update("Hello").await;
    devices.expect_silence().await;
}

/// The reference's frontend stores a message with one call and shows it with another.
#[tokio::test]
async fn what_a_frontend_of_the_reference_sends_reaches_every_device_once() {
    let mut devices = Devices::open().await;
    devices.chat.say("Hello").await;
    let frame = json!({ "action": "chatsend", "chatId": devices.chat.id, "message": "Hello" });

    devices.adas_frontend.send(frame).await;

    devices.expect_update("Hello").await;
    let entry = devices.adas_native.expect_entry(&devices.chat.id).await;
    devices.expect_entry(&entry).await;
    devices.expect_silence().await;
}

#[tokio::test]
async fn a_native_client_shows_nothing_to_native_clients_with_chatsend() {
    let mut devices = Devices::open().await;
    devices.adas_native.join(&devices.chat.id).await;
    devices.bobs_native.join(&devices.chat.id).await;

    devices.adas_native.send(json!({ "action": "chatsend", "chatId": devices.chat.id, "message": "Hello" })).await;

    devices.expect_update("Hello").await;
    assert_eq!(devices.adas_frontend.expect_event("chatUpdate").await["message"], "Hello");
    devices.expect_silence().await;
}

#[tokio::test]
async fn a_repeat_is_announced_to_native_clients_only() {
    let mut devices = Devices::open().await;
    let frame = send(&devices.chat.id, "Hello", "1");
    let original = stored(&mut devices.adas_native, frame.clone()).await;
    devices.expect_entry(&original).await;
    devices.expect_update("Hello").await;
    let minute_ago = DateTime::from_millis(DateTime::now().timestamp_millis() - 60_000);
    let log = shared().database().await.collection::<Document>("log");
    let earlier = doc! { "$set": { "entries.0.at": minute_ago } };
    log.update_one(doc! { "_id": object_id(&devices.chat.id) }, earlier).await.unwrap();

    let repeat = stored(&mut devices.adas_native, frame).await;

    assert_eq!((&repeat["_id"], &repeat["seq"]), (&original["_id"], &original["seq"]));
    devices.expect_entry(&repeat).await;
    devices.expect_silence().await;
}

#[tokio::test]
async fn a_member_sends_without_joining_the_room() {
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::open_native(shared(), &chat.ada).await;
    let mut bob = Socket::open(shared(), &chat.bob).await;

    assert_eq!(stored(&mut ada, send(&chat.id, "before", "1")).await["seq"], 1);
    // The join may be handled after the message, and it makes no difference.
    ada.send(json!({ "action": "join-chat-room", "chatId": chat.id })).await;
    assert_eq!(stored(&mut ada, send(&chat.id, "while", "2")).await["seq"], 2);
    assert_eq!(stored(&mut bob, send(&chat.id, "from a frontend", "1")).await["seq"], 3);

    assert_eq!(ada.expect_entry(&chat.id).await["message"], "from a frontend");
    bob.expect_silence().await;
}

#[tokio::test]
async fn only_members_send() {
    let (chat, eve) = (Chat::start(shared()).await, User::sign_up(shared(), "Eve").await);
    let mut bob = Socket::open_native(shared(), &chat.bob).await;
    let mut socket = Socket::open_native(shared(), &eve).await;

    for (id, status, code) in [(&chat.id, 403, "notAMember"), (&unknown_id(), 404, "noSuchChat")] {
        socket.send(send(id, "Hello", "1")).await;

        let error = socket.expect_event("error").await;
        assert_eq!((&error["status"], &error["code"], &error["ackId"]), (&json!(status), &json!(code), &json!(1)));
    }
    bob.expect_silence().await;
    assert_eq!(chat.numbers(&[]).await, (vec![], false));
}

#[tokio::test]
async fn a_client_id_belongs_to_one_message() {
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::open_native(shared(), &chat.ada).await;
    let mut bob = Socket::open_native(shared(), &chat.bob).await;
    stored(&mut ada, send(&chat.id, "Hello", "1")).await;
    bob.expect_entry(&chat.id).await;

    ada.send(send(&chat.id, "Goodbye", "1")).await;

    assert_eq!(ada.expect_event("error").await["code"], "clientIdReused");
    bob.expect_silence().await;
    assert_eq!(chat.numbers(&[]).await, (vec![1], false));
}

/// Both users send at the same time, over both APIs. The order of arrival is not that of `seq`.
#[tokio::test]
async fn every_device_receives_every_message_of_all_senders() {
    const EACH: usize = 20;
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::open_native(shared(), &chat.ada).await;
    let mut bob = Socket::open_native(shared(), &chat.bob).await;
    let mut watchers = [Socket::open_native(shared(), &chat.ada).await, Socket::open_native(shared(), &chat.bob).await];

    let texts: Vec<_> = (0..EACH).map(|number| number.to_string()).collect();
    for text in &texts {
        for socket in [&mut ada, &mut bob] {
            let mut frame = send(&chat.id, text, text);
            frame.as_object_mut().unwrap().remove("ackId");
            socket.send(frame).await;
        }
    }
    join_all(texts.iter().map(|text| chat.say(text))).await;

    let total = 3 * EACH as i64;
    for watcher in &mut watchers {
        let mut numbers = BTreeSet::new();
        for _ in 0..total {
            numbers.insert(watcher.expect_entry(&chat.id).await["seq"].as_i64().unwrap());
        }
        assert_eq!(numbers, (1..=total).collect());
    }
}

#[tokio::test]
async fn an_announcement_reaches_more_than_a_thousand_connections() {
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::open_native(shared(), &chat.ada).await;
    let connections = shared().database().await.collection::<Document>("connections");
    let (now, bob) = (DateTime::now().timestamp_millis(), object_id(&chat.bob.id));
    // They are closed, which is noticed when something is sent to them.
    let dead = (0..1500).map(|_| {
        doc! {
            "_id": unique(""), "userId": bob, "sessionId": bob, "name": "Bob", "dialect": "2", "rooms": [],
            "connectedAt": DateTime::from_millis(now - 60_000), "expiresAt": DateTime::from_millis(now + 3_600_000),
        }
    });
    connections.insert_many(dead).await.unwrap();
    let mut bobs = Socket::open_native(shared(), &chat.bob).await;

    stored(&mut ada, send(&chat.id, "Hello", "1")).await;

    bobs.expect_entry(&chat.id).await;
    eventually("only the open connection remains", async || {
        connections.count_documents(doc! { "userId": bob }).await.unwrap() == 1
    })
    .await;
}
