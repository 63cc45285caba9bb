//! Interrupted copies, and large ones.

use std::thread;
use std::time::Duration;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};

use crate::harness::{Job, chat, message};

#[tokio::test]
async fn the_next_copy_completes_one_that_was_killed() {
    const CHATS: u64 = 3000;
    let job = Job::new().await;
    let ada = job.user("Ada").await;
    for _ in 0..CHATS / 100 {
        let friends: Vec<_> = (0..100).map(|_| ObjectId::new()).collect();
        let users =
            friends.iter().map(|id| doc! { "_id": id, "email": format!("{id}@example.com"), "fullName": "Bob" });
        job.add("users", users).await;
        let messages = |friend| (0..80).map(|number| message(friend, &format!("message {number}"))).collect();
        job.add("chats", friends.iter().map(|friend| chat([ada, *friend], messages(*friend)))).await;
    }

    for more in [1, CHATS / 3] {
        let enough = job.count("log").await + more;
        let mut child = job.start();
        while job.count("log").await < enough {
            assert!(child.try_wait().unwrap().is_none(), "the copy ends before it can be killed");
            thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // The server still executes the commands that it has received.
        let mut before = 0;
        while before < job.count("log").await {
            before = job.count("log").await;
            thread::sleep(Duration::from_millis(500));
        }
        assert!(job.count_chats().await < CHATS, "the copy is complete before it is killed");
    }
    job.run(&[]).expect_success();

    let resumed = without_times_of_copy(job.result().await);
    let job = job.into_another().await;
    assert_eq!(job.run(&[]).expect_success().counts("messages"), [CHATS * 80, 0, 0, 0]);
    assert!(
        resumed == without_times_of_copy(job.result().await),
        "the result differs from that of a copy without interruptions"
    );
}

/// Removes the times of the copy itself: in its record, and in the heads and marks that it wrote.
fn without_times_of_copy(mut result: Vec<(String, Vec<Document>)>) -> Vec<(String, Vec<Document>)> {
    result.retain(|(name, _)| name != "copies");
    for (_, written) in result.iter_mut().filter(|(name, _)| ["log", "marks"].contains(&name.as_str())) {
        for document in written {
            document.remove("updatedAt");
        }
    }
    result
}

#[tokio::test]
async fn a_hundred_thousand_messages_become_1563_pages() {
    const COUNT: usize = 100_000;
    let job = Job::new().await;
    let members = [job.user("Ada").await, job.user("Bob").await];
    let messages = (1..=COUNT).map(|number| message(members[number % 2], &format!("message {number}"))).collect();
    job.add("chats", [chat(members, messages)]).await;

    let outcome = job.run(&[]).expect_success();

    assert_eq!(outcome.counts("messages"), [COUNT as u64, 0, 0, 0]);
    assert_eq!(job.count("log").await, 1563);
    let log = job.target.collection::<Document>("log");
    let head = log.find_one(doc! { "head": true }).await.unwrap().unwrap();
    let entries = head.get_array("entries").unwrap();
    assert_eq!((head.get_i64("number").unwrap(), head.get_i64("lastSeq").unwrap(), entries.len()), (1562, 100_000, 32));
    assert_eq!(entries[31].as_document().unwrap().get_str("text").unwrap(), "message 100000");
}
