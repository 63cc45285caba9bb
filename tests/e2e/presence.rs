//! Presence: who watches the other member of a direct chat learns when that member comes and goes.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mongodb::Database;
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde_json::{Value, json};
use test_support::{
    Activity, Browser, Chat, Setup, Socket, Stack, Usage, User, object_id, shared, skip_on_deployed_stack, unique,
};

/// The duration of a reload that is certainly not noticed.
const LONGEST_RELOAD: Duration = Duration::from_millis(1400);

/// Opens a native client of Bob that watches Ada. Returns it with Ada's presence.
async fn watch(stack: &Stack, chat: &Chat) -> (Socket, Value) {
    let mut bob = Socket::open_native(stack, &chat.bob).await;
    let presence = bob.join(&chat.id).await["presence"].clone();
    (bob, presence)
}

/// Returns the event that tells Bob that Ada is online.
fn online(chat: &Chat) -> Value {
    json!({ "event": "presence", "chatId": chat.id, "userId": chat.ada.id, "online": true })
}

/// Waits until Bob is told that Ada is offline. Returns when she was last seen.
async fn expect_offline(bob: &mut Socket, chat: &Chat) -> Value {
    let event = bob.expect_event("presence").await;
    let last_seen = event["lastSeen"].clone();
    let mut expected = online(chat);
    expected["online"] = false.into();
    expected["lastSeen"] = last_seen.clone();
    assert_eq!(event, expected);
    last_seen
}

/// Converts a time from JSON.
fn time(json: &Value) -> DateTime {
    DateTime::parse_rfc3339_str(json.as_str().unwrap()).unwrap()
}

/// Returns the presence of a user who was never online, or hides it.
fn unknown(user: &User) -> Value {
    json!({ "userId": user.id, "online": false })
}

/// Changes whether others see Ada's presence.
async fn show(chat: &Chat, visible: bool) {
    chat.ada.browser.put("/api/presence", json!({ "visible": visible })).await.expect(200);
}

#[tokio::test]
async fn a_watcher_learns_when_the_other_comes_and_goes() {
    let chat = Chat::start(shared()).await;
    let (mut bob, presence) = watch(shared(), &chat).await;
    assert_eq!(presence, unknown(&chat.ada));

    let ada = Socket::open(shared(), &chat.ada).await;
    assert_eq!(bob.expect_event("presence").await, online(&chat));
    let (_, presence) = watch(shared(), &chat).await;
    assert_eq!(presence, json!({ "userId": chat.ada.id, "online": true }));

    let before = DateTime::now();
    ada.close().await;
    let last_seen = expect_offline(&mut bob, &chat).await;
    assert!((before..=DateTime::now()).contains(&time(&last_seen)), "{last_seen} is not after {before}");
    let (_, presence) = watch(shared(), &chat).await;
    assert_eq!(presence, json!({ "userId": chat.ada.id, "online": false, "lastSeen": last_seen }));

    let _ada = Socket::open_native(shared(), &chat.ada).await;
    assert_eq!(bob.expect_event("presence").await, online(&chat));
}

#[tokio::test]
async fn a_reload_is_noticed_only_by_who_saw_the_pause() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let database = stack.database().await;
    let mut activity = Activity::follow(&stack).await;
    for _ in 0..5 {
        let chat = Chat::start(&stack).await;
        let ada = Socket::open(&stack, &chat.ada).await;
        let (mut bob, _) = watch(&stack, &chat).await;

        let start = Instant::now();
        ada.close().await;
        wait_until_gone(&database, &chat.ada).await;
        let (mut bobs_other, presence) = watch(&stack, &chat).await;
        let _ada = Socket::open(&stack, &chat.ada).await;
        let duration = start.elapsed();

        // By its end, it has looked again.
        activity.next("Disconnect").await;
        // A busy machine may need longer than a reload may take.
        if duration < LONGEST_RELOAD {
            bob.expect_silence().await;
            assert_eq!(presence["online"], false);
            assert_eq!(bobs_other.expect_event("presence").await, online(&chat));
            bobs_other.expect_silence().await;
            return;
        }
    }
    panic!("five times, a reload took longer than {LONGEST_RELOAD:?}");
}

#[tokio::test]
async fn a_second_device_is_not_noticed() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let chat = Chat::start(&stack).await;
    let first = Socket::open(&stack, &chat.ada).await;
    let (mut bob, _) = watch(&stack, &chat).await;
    let mut activity = Activity::follow(&stack).await;

    let second = Socket::open_native(&stack, &chat.ada).await;
    first.close().await;
    activity.next("Disconnect").await;
    bob.expect_silence().await;

    second.close().await;
    expect_offline(&mut bob, &chat).await;
}

#[tokio::test]
async fn devices_that_connect_at_the_same_time_are_noticed() {
    let chat = Chat::start(shared()).await;
    let (mut bob, _) = watch(shared(), &chat).await;

    let _adas = join_all((0..4).map(|_| Socket::open(shared(), &chat.ada))).await;

    assert_eq!(bob.expect_event("presence").await, online(&chat));
}

/// API Gateway does not guarantee `$disconnect`. A record that expires then says when its connection
/// ended at the latest.
#[tokio::test]
async fn a_connection_whose_end_is_never_reported_ends_after_two_hours() {
    const HOUR: i64 = 3_600_000;
    let chat = Chat::start(shared()).await;
    let before = DateTime::now().timestamp_millis();
    let _ada = Socket::open(shared(), &chat.ada).await;
    let after = DateTime::now().timestamp_millis();
    let (database, ada) = (shared().database().await, object_id(&chat.ada.id));
    let (users, connections) =
        (database.collection::<Document>("users"), database.collection::<Document>("connections"));
    let user = users.find_one(doc! { "_id": ada }).await.unwrap().unwrap();
    let latest = user.get_datetime("lastSeen").unwrap().timestamp_millis();
    assert!((before..=after).contains(&(latest - 2 * HOUR)), "{latest} is not two hours after {before}");

    let earlier = |millis: i64| DateTime::from_millis(millis - 3 * HOUR);
    let expired = doc! { "$set": { "expiresAt": earlier(latest) } };
    connections.update_many(doc! { "userId": ada }, expired).await.unwrap();
    let (_, presence) = watch(shared(), &chat).await;
    let now = time(&presence["lastSeen"]).timestamp_millis();
    assert!((after..=DateTime::now().timestamp_millis()).contains(&now), "{presence} is in the future");

    users.update_one(doc! { "_id": ada }, doc! { "$set": { "lastSeen": earlier(latest) } }).await.unwrap();
    let (_, presence) = watch(shared(), &chat).await;
    assert_eq!(time(&presence["lastSeen"]), earlier(latest));
    assert_eq!(presence["online"], false);
}

#[tokio::test]
async fn who_hides_looks_like_one_who_was_never_there() {
    let chat = Chat::start(shared()).await;
    show(&chat, false).await;
    let (mut bob, presence) = watch(shared(), &chat).await;
    assert_eq!(presence, unknown(&chat.ada));

    let ada = Socket::open(shared(), &chat.ada).await;
    bob.expect_silence().await;
    let (_, presence) = watch(shared(), &chat).await;
    assert_eq!(presence, unknown(&chat.ada));

    ada.close().await;
    wait_until_gone(&shared().database().await, &chat.ada).await;
    let (_, presence) = watch(shared(), &chat).await;
    assert_eq!(presence, unknown(&chat.ada));
    bob.expect_silence().await;
    let people = chat.bob.browser.query("/api/users", &[("search", &chat.ada.name)]).await;
    let chats = chat.bob.browser.get("/api/allConnection").await;
    for reply in [people, chats] {
        let text = reply.expect(200).to_string();
        assert!(!text.contains("resence") && !text.contains("lastSeen"), "{text}");
    }
}

/// Waits until no open connection of a user is recorded.
async fn wait_until_gone(database: &Database, user: &User) {
    let connections = database.collection::<Document>("connections");
    test_support::eventually("the connection is forgotten", async || {
        let open = doc! { "userId": object_id(&user.id), "expiresAt": { "$gt": DateTime::now() } };
        connections.count_documents(open).await.unwrap() == 0
    })
    .await;
}

#[tokio::test]
async fn to_hide_looks_like_to_leave() {
    let chat = Chat::start(shared()).await;
    let _ada = Socket::open(shared(), &chat.ada).await;
    let (mut bob, _) = watch(shared(), &chat).await;
    show(&chat, true).await;
    bob.expect_silence().await;

    show(&chat, false).await;
    expect_offline(&mut bob, &chat).await;
    show(&chat, false).await;
    let (_, presence) = watch(shared(), &chat).await;
    assert_eq!(presence, unknown(&chat.ada));
    bob.expect_silence().await;

    show(&chat, true).await;
    assert_eq!(bob.expect_event("presence").await, online(&chat));
}

#[tokio::test]
async fn only_a_signed_in_user_changes_the_presence() {
    let visible = json!({ "visible": false });

    Browser::new(shared()).put("/api/presence", visible.clone()).await.expect_code(401, "noAccessKey");

    let user = User::sign_up(shared(), "Ada").await;
    let users = shared().database().await.collection::<Document>("users");
    users.delete_one(doc! { "_id": object_id(&user.id) }).await.unwrap();
    user.browser.put("/api/presence", visible).await.expect_code(401, "noSuchCaller");
}

#[tokio::test]
async fn frontends_of_the_reference_do_not_watch() {
    let chat = Chat::start(shared()).await;
    let mut frontend = Socket::open(shared(), &chat.bob).await;
    assert_eq!(frontend.join(&chat.id).await, json!({ "event": "ack", "ackId": 0 }));
    let (mut bob, _) = watch(shared(), &chat).await;

    let ada = Socket::open(shared(), &chat.ada).await;
    bob.expect_event("presence").await;
    ada.close().await;
    expect_offline(&mut bob, &chat).await;

    frontend.expect_silence().await;
}

#[tokio::test]
async fn a_client_that_leaves_the_room_watches_no_longer() {
    let chat = Chat::start(shared()).await;
    let (mut bob, _) = watch(shared(), &chat).await;
    let (mut bobs_other, _) = watch(shared(), &chat).await;
    bob.send(json!({ "action": "leave-chat-room", "chatId": chat.id, "ackId": 1 })).await;
    bob.expect_event("ack").await;

    let _ada = Socket::open(shared(), &chat.ada).await;

    bobs_other.expect_event("presence").await;
    bob.expect_silence().await;
}

#[tokio::test]
async fn a_client_that_joins_again_is_told_once() {
    let chat = Chat::start(shared()).await;
    let (mut bob, _) = watch(shared(), &chat).await;
    bob.join(&chat.id).await;

    let _ada = Socket::open(shared(), &chat.ada).await;

    assert_eq!(bob.expect_event("presence").await, online(&chat));
    bob.expect_silence().await;
}

#[tokio::test]
async fn a_user_who_signs_out_is_offline_at_once() {
    let chat = Chat::start(shared()).await;
    let mut ada = Socket::open(shared(), &chat.ada).await;
    let (mut bob, _) = watch(shared(), &chat).await;

    chat.ada.browser.post_empty("/api/logout").await.expect(200);

    expect_offline(&mut bob, &chat).await;
    ada.expect_close().await;
}

/// The first event for a connection that is gone removes its record, before or without `$disconnect`.
#[tokio::test]
async fn a_connection_that_is_found_closed_ends_the_presence() {
    let chat = Chat::start(shared()).await;
    let connections = shared().database().await.collection::<Document>("connections");
    let (now, ada) = (DateTime::now().timestamp_millis(), object_id(&chat.ada.id));
    let dead = doc! {
        "_id": unique(""), "userId": ada, "sessionId": ada, "name": "Ada", "dialect": "2", "rooms": [], "watches": [],
        "connectedAt": DateTime::from_millis(now - 60_000), "expiresAt": DateTime::from_millis(now + 3_600_000),
    };
    connections.insert_one(dead).await.unwrap();
    let (mut bob, presence) = watch(shared(), &chat).await;
    assert_eq!(presence["online"], true);

    bob.send(json!({ "action": "sendMessage", "chatId": chat.id, "message": "Hello", "clientId": "1" })).await;

    expect_offline(&mut bob, &chat).await;
}

#[tokio::test]
async fn nothing_is_sent_and_nothing_waits_if_nobody_watches() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let chat = Chat::start(&stack).await;
    let mut bob = Socket::open_native(&stack, &chat.bob).await;
    let mut activity = Activity::follow(&stack).await;
    let before = Usage::read(&stack).await;

    Socket::open_native(&stack, &chat.ada).await.close().await;

    let millis = activity.next("Disconnect").await["millis"].as_f64().unwrap();
    assert!(millis < 1500.0, "$disconnect took {millis} ms");
    assert_eq!(Usage::read(&stack).await.since(&before).frames_out, 0);
    bob.expect_silence().await;
}

#[tokio::test]
async fn a_profile_does_not_change_with_the_presence() {
    let chat = Chat::start(shared()).await;
    let users = shared().database().await.collection::<Document>("users");
    let updated_at = async || -> Option<Bson> {
        users.find_one(doc! { "_id": object_id(&chat.ada.id) }).await.unwrap().unwrap().remove("updatedAt")
    };
    let before = updated_at().await;

    Socket::open(shared(), &chat.ada).await.close().await;
    wait_until_gone(&shared().database().await, &chat.ada).await;
    show(&chat, false).await;

    assert_eq!(updated_at().await, before);
}
