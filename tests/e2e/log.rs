//! The log of a chat under faults: half-finished rolls, readers among writers, killed functions.

use futures_util::future::join_all;
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use test_support::{Chat, Setup, Stack, keep_killing, object_id, seed, shared, skip_on_deployed_stack};

/// The number of entries in a full head.
const PAGE: usize = 64;

/// Returns a chat whose head is full, and the collection that it is in. The messages are named `0`,
/// `1`, and so on, and have these names as texts.
async fn full_chat(stack: &Stack) -> (Chat, Collection<Document>) {
    let chat = Chat::start(stack).await;
    for number in 0..PAGE {
        send(&chat, &number.to_string()).await;
    }
    (chat, stack.database().await.collection("log"))
}

/// Sends a message that is named by its text, and returns it as stored.
async fn send(chat: &Chat, text: &str) -> Value {
    let reply = chat.ada.browser.post("/api/sendMessage", chat.by_ada_once(text, text)).await;
    reply.expect(200)["data"].clone()
}

/// Stores the archive of a full head, as the first step of a roll does.
async fn store_archive(log: &Collection<Document>, chat: &Chat) {
    let id = object_id(&chat.id);
    let head = log.find_one(doc! { "_id": id }).await.unwrap().unwrap();
    let entries = head.get_array("entries").unwrap();
    let archive = doc! { "_id": format!("{}:0", chat.id), "chatId": id, "number": -1_i64, "entries": entries };
    log.insert_one(archive).await.unwrap();
}

/// Empties a full head, as the second step of a roll does.
async fn empty_head(log: &Collection<Document>, chat: &Chat) {
    let update = vec![doc! { "$set": {
        "number": 1_i64, "last": { "$last": "$entries" }, "entries": [], "keys": [], "prevKeys": "$keys",
    } }];
    log.update_one(doc! { "_id": object_id(&chat.id) }, update).await.unwrap();
}

/// Checks that the chat goes on without a gap, and that repeats return the originals.
async fn expect_continuation(chat: &Chat) {
    assert_eq!(send(chat, "3").await["seq"], 4);
    assert_eq!(send(chat, "next").await["seq"], 65);
    assert_eq!(send(chat, "next").await["seq"], 65);
    assert_eq!(send(chat, "63").await["seq"], 64);
    assert_eq!(chat.numbers(&[]).await, ((1..=65).collect(), false));
}

#[tokio::test]
async fn a_send_rolls_a_full_head() {
    let (chat, _) = full_chat(shared()).await;

    expect_continuation(&chat).await;
}

#[tokio::test]
async fn a_roll_that_stored_its_archive_is_finished() {
    let (chat, log) = full_chat(shared()).await;
    store_archive(&log, &chat).await;

    assert_eq!(chat.numbers(&[]).await, ((1..=64).collect(), false));
    expect_continuation(&chat).await;
}

#[tokio::test]
async fn a_roll_that_emptied_its_head_is_finished() {
    let (chat, log) = full_chat(shared()).await;
    store_archive(&log, &chat).await;
    empty_head(&log, &chat).await;

    assert_eq!(chat.numbers(&[]).await, ((1..=64).collect(), false));
    let last = chat.bob.browser.query("/api/lastMessage", &[("chatId", &chat.id)]).await.expect(200);
    assert_eq!(last["data"]["chats"][0]["seq"], 64);
    expect_continuation(&chat).await;
}

#[tokio::test]
async fn a_roll_finishes_the_previous_one_first() {
    let (chat, log) = full_chat(shared()).await;
    store_archive(&log, &chat).await;
    empty_head(&log, &chat).await;
    for number in PAGE..2 * PAGE + 1 {
        assert_eq!(send(&chat, &number.to_string()).await["seq"], number + 1);
    }

    for number in [0, PAGE - 1, PAGE, 2 * PAGE] {
        assert_eq!(send(&chat, &number.to_string()).await["seq"], number + 1, "repeat of {number}");
    }
    assert_eq!(chat.numbers(&[]).await, ((1..=2 * PAGE as i64 + 1).collect(), false));
}

#[tokio::test]
async fn a_reader_sees_no_hole_while_others_write() {
    let chat = Chat::start(shared()).await;
    let texts: Vec<_> = (0..200).map(|number| number.to_string()).collect();
    let writers = async {
        join_all(texts.iter().map(|text| send(&chat, text))).await;
    };
    let reader = async {
        let mut count = 0;
        while count < texts.len() {
            let (forward, _) = chat.numbers(&[("after", "0"), ("limit", "1000")]).await;
            assert_eq!(forward, (1..=forward.len() as i64).collect::<Vec<_>>());
            assert!(forward.len() >= count, "{} messages were there, and now {}", count, forward.len());
            let (backward, _) = chat.numbers(&[("limit", "1000")]).await;
            assert_eq!(backward, (1..=backward.len() as i64).collect::<Vec<_>>());
            count = backward.len();
        }
    };
    tokio::join!(writers, reader);
}

/// Kills function processes at random instants while two users send, each of whom repeats a send until
/// it is acknowledged. `LOG_SEED` repeats a run.
#[tokio::test]
async fn an_acknowledged_message_is_stored_once_when_functions_are_killed() {
    if skip_on_deployed_stack() {
        return;
    }
    let seed = seed("LOG_SEED");
    let stack = Setup::default().start();
    let chat = Chat::start(&stack).await;
    let lanes = (0..4).map(|lane| {
        let chat = &chat;
        async move {
            let mut acknowledged = Vec::new();
            for number in 0..40 {
                acknowledged.push(send_until_acknowledged(chat, &format!("{lane}-{number}")).await);
            }
            acknowledged
        }
    });
    let acknowledged = tokio::select! {
        acknowledged = join_all(lanes) => acknowledged,
        never = keep_killing(&stack, &["send-message"], StdRng::seed_from_u64(seed)) => match never {},
    };

    let stored = chat.read(&chat.bob.browser, &[("limit", "1000")]).await.expect(200)["data"]["chats"].clone();
    let stored = stored.as_array().unwrap();
    let numbers: Vec<_> = stored.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=160).collect::<Vec<_>>(), "LOG_SEED={seed}");
    for lane in acknowledged {
        let mut previous = 0;
        for message in lane {
            let seq = message["seq"].as_u64().unwrap();
            assert_eq!(stored[seq as usize - 1], message, "LOG_SEED={seed}");
            assert!(seq > previous, "the messages of one sender are out of order: LOG_SEED={seed}");
            previous = seq;
        }
    }
}

/// Repeats a send until it is acknowledged. A function that is killed is answered for by the gateway.
async fn send_until_acknowledged(chat: &Chat, text: &str) -> Value {
    loop {
        let reply = chat.ada.browser.post("/api/sendMessage", chat.by_ada_once(text, text)).await;
        match reply.status {
            500 | 503 => {}
            _ => return reply.expect(200)["data"].clone(),
        }
    }
}
