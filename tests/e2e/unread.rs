//! The number of unread messages, and the ticks, in `allConnection`.

use std::env;

use mongodb::bson::{Document, doc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use shared::chats::change::Change;
use shared::chats::log::Log;
use shared::values::deadline::Deadline;
use test_support::{Chat, User, object_id, shared};

/// Returns the only chat in a user's list.
async fn listed(user: &User) -> Value {
    let body = user.browser.get("/api/allConnection").await.expect(200);
    assert_eq!(body["data"].as_array().unwrap().len(), 1);
    body["data"][0].clone()
}

async fn unread(user: &User) -> i64 {
    listed(user).await["unread"].as_i64().unwrap()
}

/// Returns the number that a device receives that holds the entries up to `held`.
async fn synced(user: &User, chat: &str, held: i64) -> i64 {
    let answer = user.browser.post("/api/sync", json!({ "chats": { chat: held } })).await.expect(200);
    answer["chats"][0]["unread"].as_i64().unwrap()
}

/// Appends an entry that is no message.
async fn react(user: &User, chat: &str, target: i64) {
    let log = Log::new(&shared().database().await);
    let (target, emoji) = (serde_json::from_value(target.into()).unwrap(), "👍".parse().unwrap());
    let reaction = Change::React(Some(emoji));
    log.change(chat.parse().unwrap(), user.id.parse().unwrap(), target, reaction, None, Deadline::of_request())
        .await
        .unwrap();
}

async fn read(user: &User, chat: &str, seq: i64) {
    user.browser.post("/api/receipt", json!({ "chatId": chat, "read": seq })).await.expect(200);
}

async fn say(user: &User, chat: &str) {
    let message = json!({ "chatId": chat, "userId": user.id, "message": "Hello" });
    user.browser.post("/api/sendMessage", message).await.expect(200);
}

#[tokio::test]
async fn messages_of_the_other_member_are_unread_until_they_are_read_or_answered() {
    let chat = Chat::start(shared()).await;
    let Chat { id, ada, bob } = &chat;
    chat.fill(3).await;
    assert_eq!((unread(ada).await, unread(bob).await), (0, 3));

    read(bob, id, 2).await;
    assert_eq!((unread(ada).await, unread(bob).await), (0, 1));

    say(bob, id).await;
    assert_eq!((unread(ada).await, unread(bob).await), (1, 0));

    chat.fill(2).await;
    assert_eq!((unread(ada).await, unread(bob).await), (0, 2));
}

#[tokio::test]
async fn a_cleared_chat_has_no_unread_messages() {
    let chat = Chat::start(shared()).await;
    chat.fill(3).await;

    let cleared = json!({ "chatId": chat.id, "clearedSeq": 3 });
    chat.bob.browser.put("/api/chatSettings", cleared).await.expect(200);

    assert_eq!(unread(&chat.bob).await, 0);
    chat.say("one more").await;
    assert_eq!(unread(&chat.bob).await, 1);
}

#[tokio::test]
async fn the_number_of_unread_messages_is_exact_to_99() {
    let chat = Chat::start(shared()).await;
    chat.fill(150).await;
    assert_eq!(unread(&chat.bob).await, 100);

    for (seq, expected) in [(1, 100), (50, 100), (51, 99), (70, 80), (128, 22), (149, 1), (150, 0)] {
        read(&chat.bob, &chat.id, seq).await;

        assert_eq!(unread(&chat.bob).await, expected, "after reading up to {seq}");
    }
}

#[tokio::test]
async fn the_list_shows_the_watermarks_of_the_other_member_and_the_last_activity() {
    let chat = Chat::start(shared()).await;
    let created = listed(&chat.ada).await;
    assert_eq!((&created["delivered"], &created["read"]), (&json!(0), &json!(0)));
    chat.fill(1).await;
    let last = chat.say("Hello").await;

    let body = json!({ "chatId": chat.id, "delivered": 2, "read": 1 });
    chat.bob.browser.post("/api/receipt", body).await.expect(200);

    let (ada, bob) = (listed(&chat.ada).await, listed(&chat.bob).await);
    assert_eq!((&ada["delivered"], &ada["read"]), (&json!(2), &json!(1)));
    assert_eq!((&bob["delivered"], &bob["read"]), (&json!(0), &json!(0)));
    for row in [&ada, &bob] {
        assert_eq!(row["lastActivity"], last["sendTime"]);
    }
    assert!(created["lastActivity"].as_str().unwrap() < last["sendTime"].as_str().unwrap());
}

#[tokio::test]
async fn a_friend_whose_record_is_gone_has_no_name() {
    let chat = Chat::start(shared()).await;
    chat.say("Hello").await;
    let users = shared().database().await.collection::<Document>("users");
    users.delete_one(doc! { "_id": object_id(&chat.ada.id) }).await.unwrap();

    let row = listed(&chat.bob).await;

    assert_eq!(row["friend"], json!({ "_id": chat.ada.id, "fullName": null, "photoUrl": null }));
    assert_eq!(row["chats"]["message"], "Hello");
}

/// Compares the list and `sync` with a model of the chat. `UNREAD_SEED` repeats a run.
#[tokio::test]
async fn the_list_counts_as_the_model_does() {
    let seed = env::var("UNREAD_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("UNREAD_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let chat = Chat::start(shared()).await;
    let members = [&chat.ada, &chat.bob];
    // The senders of the messages, and `None` for each reaction.
    let (mut senders, mut marks) = (Vec::<Option<usize>>::new(), [0_i64, 0]);
    for step in 0..400 {
        // Turns come in runs, so that many messages are unread at times.
        let (index, talks) = (usize::from(step % 200 >= 130), random.random_bool(0.95));
        if step % 200 > 170 && random.random_bool(0.3) {
            let target = senders.iter().rposition(Option::is_some).unwrap() as i64 + 1;
            react(members[random.random_range(0..2)], &chat.id, target).await;
            senders.push(None);
        } else if talks {
            say(members[index], &chat.id).await;
            senders.push(Some(index));
        } else {
            let (reader, seq) = (random.random_range(0..2), random.random_range(0..=senders.len() as i64 + 1));
            read(members[reader], &chat.id, seq).await;
            marks[reader] = marks[reader].max(seq.min(senders.len() as i64));
        }
        if talks && step % 10 != 0 {
            continue;
        }
        for reader in 0..2 {
            let own = senders.iter().rposition(|sender| *sender == Some(reader)).map_or(0, |index| index as i64 + 1);
            let unread_from = marks[reader].max(own) as usize;
            let expected = (senders[unread_from..].iter().flatten().count() as i64).min(100);

            assert_eq!(unread(members[reader]).await, expected, "step {step}, UNREAD_SEED={seed}");
            let held = random.random_range(0..=senders.len() as i64);
            let in_sync = synced(members[reader], &chat.id, held).await;
            assert_eq!(in_sync, expected, "step {step}, holding {held}, UNREAD_SEED={seed}");
        }
    }
}
