//! Actions and events of open sockets.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mongodb::Collection;
use mongodb::bson::{DateTime, Document, doc};
use serde_json::json;
use test_support::descriptions::{Action, actions};
use test_support::{ApiError, Chat, Socket, User, eventually, object_id, shared, unknown_id};
use tokio_tungstenite::tungstenite::Message;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The events of a room: action, event, and whether they carry text.
const ROOM_EVENTS: [(&str, &str, bool); 3] = [
    ("chatsend", "chatUpdate", true),
    ("messageRecieved", "messageSent", true),
    ("sendActiveResponse", "recieveUserResponse", false),
];

/// Returns a frame of a room.
fn frame(kind: &str, name: &str, chat: &str, has_text: bool) -> serde_json::Value {
    let mut frame = json!({ kind: name, "chatId": chat });
    if has_text {
        frame["message"] = "Hello, 👋".into();
    }
    frame
}

/// Opens a socket for each member and joins the chat's room.
async fn both_in_room(chat: &Chat) -> (Socket, Socket) {
    let ada = Socket::in_room(shared(), &chat.ada, &chat.ada.browser, &chat.id).await;
    (ada, Socket::in_room(shared(), &chat.bob, &chat.bob.browser, &chat.id).await)
}

#[tokio::test]
async fn the_others_in_a_room_receive_its_events() {
    let chat = Chat::start(shared()).await;
    let (mut ada, mut bob) = both_in_room(&chat).await;
    for (action, event, has_text) in ROOM_EVENTS {
        ada.send(frame("action", action, &chat.id, has_text)).await;

        let received = bob.expect_event(event).await;

        assert_eq!(received, frame("event", event, &chat.id, has_text));
    }
    ada.expect_silence().await;
}

#[tokio::test]
async fn both_devices_of_a_user_receive_events() {
    let chat = Chat::start(shared()).await;
    let other_device = chat.ada.other_device(shared()).await;
    let (mut ada, mut bob) = both_in_room(&chat).await;
    let mut adas_other = Socket::in_room(shared(), &chat.ada, &other_device, &chat.id).await;
    for (action, event, has_text) in ROOM_EVENTS {
        ada.send(frame("action", action, &chat.id, has_text)).await;
        bob.expect_event(event).await;
        adas_other.expect_event(event).await;

        bob.send(frame("action", action, &chat.id, has_text)).await;
        ada.expect_event(event).await;
        adas_other.expect_event(event).await;
    }
}

#[tokio::test]
async fn a_room_does_not_receive_events_of_another() {
    let (chat, other_chat) = (Chat::start(shared()).await, Chat::start(shared()).await);
    let (mut ada, mut bob) = both_in_room(&chat).await;
    let (mut other_ada, mut other_bob) = both_in_room(&other_chat).await;

    ada.send(frame("action", "chatsend", &chat.id, true)).await;
    bob.expect_event("chatUpdate").await;

    other_ada.expect_silence().await;
    other_bob.expect_silence().await;
}

#[tokio::test]
async fn a_socket_may_be_in_many_rooms() {
    let chat = Chat::start(shared()).await;
    let carol = User::sign_up(shared(), "Carol").await;
    let second = Chat::connect(&carol, &chat.bob).await;
    let (mut ada, mut bob) = both_in_room(&chat).await;
    let mut carol = Socket::in_room(shared(), &carol, &carol.browser, &second).await;

    bob.join(&second).await;
    ada.send(frame("action", "chatsend", &chat.id, true)).await;
    assert_eq!(bob.expect_event("chatUpdate").await["chatId"], chat.id);
    carol.send(frame("action", "chatsend", &second, true)).await;

    assert_eq!(bob.expect_event("chatUpdate").await["chatId"], second);
}

/// Records sockets of Bob in the chat's room that do not exist. Their records expire after `lifetime`.
async fn record_dead_sockets(chat: &Chat, count: usize, lifetime: Duration) {
    let (now, user) = (DateTime::now().timestamp_millis(), object_id(&chat.bob.id));
    let expires_at = DateTime::from_millis(now + lifetime.as_millis() as i64);
    let records = (0..count).map(|_| {
        let id = STANDARD.encode(rand::random::<[u8; 11]>());
        doc! {
            "_id": id, "userId": user, "sessionId": user, "name": "Bob", "rooms": [object_id(&chat.id)],
            "connectedAt": DateTime::from_millis(now - 60_000), "expiresAt": expires_at,
        }
    });
    connections().await.insert_many(records).await.unwrap();
}

/// Returns the number of recorded sockets in the chat's room.
async fn sockets_in_room(chat: &Chat) -> u64 {
    connections().await.count_documents(doc! { "rooms": object_id(&chat.id) }).await.unwrap()
}

async fn connections() -> Collection<Document> {
    shared().database().await.collection("connections")
}

#[tokio::test]
async fn a_dead_socket_does_not_stop_events_and_is_removed() {
    let chat = Chat::start(shared()).await;
    let (mut ada, mut bob) = both_in_room(&chat).await;
    record_dead_sockets(&chat, 1, HOUR).await;

    ada.send(frame("action", "chatsend", &chat.id, true)).await;

    bob.expect_event("chatUpdate").await;
    eventually("the dead socket is removed", async || sockets_in_room(&chat).await == 2).await;
    ada.expect_silence().await;
}

#[tokio::test]
async fn an_event_reaches_every_socket_of_a_room() {
    let chat = Chat::start(shared()).await;
    let (mut ada, mut bob) = both_in_room(&chat).await;
    record_dead_sockets(&chat, 1100, HOUR).await;

    ada.send(frame("action", "chatsend", &chat.id, true)).await;

    bob.expect_event("chatUpdate").await;
    eventually("the dead sockets are removed", async || sockets_in_room(&chat).await == 2).await;
    ada.expect_silence().await;
}

#[tokio::test]
async fn a_friend_is_notified_on_at_most_a_thousand_sockets() {
    let chat = Chat::start(shared()).await;
    let (mut ada, mut bob) = both_in_room(&chat).await;
    record_dead_sockets(&chat, 1100, 3 * HOUR).await;

    ada.send(json!({ "action": "addFriend", "id": chat.bob.id, "userName": "Ada", "friendName": "Bob" })).await;

    bob.expect_event("newFriend").await;
    // The thousand are Bob and 999 dead sockets, which are removed.
    eventually("999 dead sockets are removed", async || sockets_in_room(&chat).await == 1102 - 999).await;
    ada.expect_silence().await;
}

#[tokio::test]
async fn a_new_friend_is_notified_on_every_socket() {
    let chat = Chat::start(shared()).await;
    let other_device = chat.bob.other_device(shared()).await;
    let mut ada = Socket::open(shared(), &chat.ada).await;
    let mut bobs =
        [Socket::open(shared(), &chat.bob).await, Socket::open_from(shared(), &chat.bob, &other_device).await];

    ada.send(json!({ "action": "addFriend", "id": chat.bob.id, "userName": "Not Ada", "friendName": "Bob" })).await;

    let expected = json!({ "event": "newFriend", "id": chat.ada.id, "userName": chat.ada.name, "friendName": "Bob" });
    for bob in &mut bobs {
        assert_eq!(bob.expect_event("newFriend").await, expected);
    }
    ada.expect_silence().await;
}

#[tokio::test]
async fn a_friend_without_a_socket_is_not_an_error() {
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::open(shared(), &chat.ada).await;
    let mut bob = Socket::open(shared(), &chat.bob).await;
    let add = |user: &User| json!({ "action": "addFriend", "id": user.id, "userName": "x", "friendName": "y" });
    let carol = User::sign_up(shared(), "Carol").await;
    Chat::connect(&chat.ada, &carol).await;

    ada.send(add(&carol)).await;
    ada.send(add(&chat.bob)).await;

    bob.expect_event("newFriend").await;
    ada.expect_silence().await;
}

#[tokio::test]
async fn only_users_who_share_a_chat_are_friends() {
    let (ada, bob) = (User::sign_up(shared(), "Ada").await, User::sign_up(shared(), "Bob").await);
    let mut socket = Socket::open(shared(), &ada).await;
    for id in [&bob.id, &unknown_id(), &ada.id] {
        socket.send(json!({ "action": "addFriend", "id": id, "userName": "Ada", "friendName": "Bob" })).await;

        socket.expect_code("addFriend", 403, "noSharedChat").await;
    }
}

#[tokio::test]
async fn only_members_join_a_room() {
    let (chat, eve) = (Chat::start(shared()).await, User::sign_up(shared(), "Eve").await);
    let mut socket = Socket::open(shared(), &eve).await;

    socket.send(json!({ "action": "join-chat-room", "chatId": chat.id })).await;
    socket.expect_code("join-chat-room", 403, "notAMember").await;
    socket.send(json!({ "action": "join-chat-room", "chatId": unknown_id() })).await;
    socket.expect_code("join-chat-room", 404, "noSuchChat").await;

    for (action, _, has_text) in ROOM_EVENTS {
        socket.send(frame("action", action, &chat.id, has_text)).await;
        socket.expect_code(action, 403, "notInRoom").await;
    }
}

#[tokio::test]
async fn members_must_join_before_they_send() {
    let chat = Chat::start(shared()).await;
    let mut bob = Socket::in_room(shared(), &chat.bob, &chat.bob.browser, &chat.id).await;
    let mut ada = Socket::open(shared(), &chat.ada).await;
    for (action, _, has_text) in ROOM_EVENTS {
        ada.send(frame("action", action, &chat.id, has_text)).await;

        ada.expect_code(action, 403, "notInRoom").await;
    }
    bob.expect_silence().await;
}

#[tokio::test]
async fn every_required_field_of_an_action_is_checked() {
    let chat = Chat::start(shared()).await;
    let mut socket = Socket::in_room(shared(), &chat.ada, &chat.ada.browser, &chat.id).await;
    for Action { name, example, required } in actions() {
        for field in required {
            let mut frame = example.clone();
            for wrong in [json!(""), json!(5), json!(["x"]), json!("x".repeat(4097))] {
                frame[&field] = wrong;
                socket.send_unchecked(frame.clone()).await;
                socket.expect_error(name.as_str(), 422).await;
            }

            frame.as_object_mut().unwrap().remove(&field);
            socket.send_unchecked(frame).await;
            let error = socket.expect_error(name.as_str(), 422).await;

            assert_eq!(error.message, format!("\"{field}\" is required"), "{name}");
        }
    }
    socket.expect_silence().await;
}

#[tokio::test]
async fn an_error_about_an_unknown_action_lists_the_known_actions() {
    let mut socket = Socket::open(shared(), &User::sign_up(shared(), "Ada").await).await;
    let mentions_all = |error: &ApiError| actions().iter().all(|action| error.message.contains(&action.name));

    for action in ["dance", "CHATSEND", ""] {
        socket.send_unchecked(json!({ "action": action })).await;
        let error = socket.expect_error(action, 404).await;
        assert!(mentions_all(&error), "{error:?}");
    }
    for text in ["hello", "", "{", "5", "null", "\"chatsend\"", "[]", "{}", "{\"action\":5}"] {
        socket.send_raw(Message::text(text)).await;
        let error = socket.expect_error(None, 422).await;
        assert!(mentions_all(&error), "{error:?}");
    }
}

#[tokio::test]
async fn a_frame_has_at_most_32_kilobytes() {
    let user = User::sign_up(shared(), "Ada").await;
    let mut socket = Socket::open(shared(), &user).await;
    let padded = |bytes: usize| Message::text(format!("{:<bytes$}", r#"{"action":"dance"}"#));

    socket.send_raw(padded(32_000)).await;
    socket.expect_code("dance", 404, "noSuchAction").await;
    socket.send_raw(padded(33_000)).await;

    assert_eq!(socket.expect_close().await, Some(1009));
}

#[tokio::test]
async fn a_binary_frame_closes_the_socket() {
    let user = User::sign_up(shared(), "Ada").await;
    let mut socket = Socket::open(shared(), &user).await;

    socket.send_raw(Message::binary(b"{\"action\":\"dance\"}".as_slice())).await;

    assert_eq!(socket.expect_close().await, Some(1003));
}

#[tokio::test]
async fn the_longest_message_reaches_the_others() {
    let chat = Chat::start(shared()).await;
    let (mut ada, mut bob) = both_in_room(&chat).await;
    let text = "😀".repeat(4096);

    ada.send(json!({ "action": "chatsend", "chatId": chat.id, "message": text })).await;

    assert_eq!(bob.expect_event("chatUpdate").await["message"], text);
}

#[tokio::test]
async fn many_events_at_once_all_arrive() {
    let chat = Chat::start(shared()).await;
    let (mut ada, mut bob) = both_in_room(&chat).await;
    let mut expected: Vec<_> = (0..100).map(|number| format!("message {number:03}")).collect();

    for text in &expected {
        ada.send(json!({ "action": "chatsend", "chatId": chat.id, "message": text })).await;
    }
    let mut received = Vec::new();
    for _ in 0..expected.len() {
        received.push(bob.expect_event("chatUpdate").await["message"].as_str().unwrap().to_owned());
    }

    received.sort();
    expected.sort();
    assert_eq!(received, expected);
}

#[tokio::test]
async fn native_clients_of_the_other_member_in_the_room_see_who_is_typing() {
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::open_native(shared(), &chat.ada).await;
    let mut adas_other = Socket::open_native(shared(), &chat.ada).await;
    let mut bob = Socket::open_native(shared(), &chat.bob).await;
    for socket in [&mut ada, &mut adas_other, &mut bob] {
        socket.join(&chat.id).await;
    }
    let mut bobs_frontend = Socket::in_room(shared(), &chat.bob, &chat.bob.browser, &chat.id).await;
    let mut bob_elsewhere = Socket::open_native(shared(), &chat.bob).await;

    for typing in [true, false] {
        ada.send(json!({ "action": "typing", "chatId": chat.id, "typing": typing })).await;

        let expected = json!({ "event": "typing", "chatId": chat.id, "userId": chat.ada.id, "typing": typing });
        assert_eq!(bob.expect_event("typing").await, expected);
    }
    for socket in [&mut ada, &mut adas_other, &mut bobs_frontend, &mut bob_elsewhere] {
        socket.expect_silence().await;
    }
}

#[tokio::test]
async fn only_who_joined_the_room_is_seen_typing() {
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::open_native(shared(), &chat.ada).await;
    let mut bob = Socket::open_native(shared(), &chat.bob).await;
    bob.join(&chat.id).await;

    ada.send(json!({ "action": "typing", "chatId": chat.id, "typing": true })).await;

    ada.expect_code("typing", 403, "notInRoom").await;
    bob.expect_silence().await;
}

#[tokio::test]
async fn who_leaves_a_room_receives_no_event_of_it() {
    let chat = Chat::start(shared()).await;
    let (mut ada, mut bob) = both_in_room(&chat).await;
    let leave = json!({ "action": "leave-chat-room", "chatId": chat.id, "ackId": 1 });

    bob.send(leave.clone()).await;
    bob.expect_event("ack").await;

    ada.send(frame("action", "chatsend", &chat.id, true)).await;
    bob.expect_silence().await;
    bob.send(frame("action", "chatsend", &chat.id, true)).await;
    bob.expect_code("chatsend", 403, "notInRoom").await;
    // A room that was left before, or never joined, is no error.
    bob.send(leave).await;
    bob.expect_event("ack").await;
    bob.join(&chat.id).await;
    ada.send(frame("action", "chatsend", &chat.id, true)).await;
    bob.expect_event("chatUpdate").await;
}
