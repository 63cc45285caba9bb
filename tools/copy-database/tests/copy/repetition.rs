//! Repeated copies, and dry runs.

use std::fs;

use mongodb::bson::{DateTime, Document, doc};

use crate::harness::{Job, chat, message};

const PNG: &[u8] = b"\x89PNG\r\n\x1A\n and so on";

/// Creates a job with two users, one of them with a photo, and their chat, with messages with and
/// without ids.
async fn small() -> Job {
    let job = Job::new().await;
    let (ada, bob) = (job.user("Ada").await, job.user("Bob").await);
    let photo = doc! { "$set": { "photo": "ada.png" } };
    job.source.collection::<Document>("users").update_one(doc! { "_id": ada }, photo).await.unwrap();
    fs::write(job.uploads.path().join("ada.png"), PNG).unwrap();
    let ok = doc! { "sendBy": ada, "sendTime": DateTime::from_millis(1_700_000_000_000), "message": "ok" };
    let messages = vec![message(ada, "Hello"), ok.clone().into(), ok.into(), message(bob, "Bye")];
    job.add("chats", [chat([ada, bob], messages)]).await;
    job
}

#[tokio::test]
async fn a_second_copy_changes_nothing() {
    let job = small().await;
    assert_eq!(job.run(&[]).expect_success().counts("messages"), [4, 0, 0, 0]);
    let first = job.result().await;

    let outcome = job.run(&[]).expect_success();

    assert_eq!(outcome.counts("users"), [0, 0, 2, 0]);
    assert_eq!(outcome.counts("photos"), [0, 0, 1, 0]);
    assert_eq!(outcome.counts("chats"), [0, 0, 1, 0]);
    assert_eq!(outcome.counts("messages"), [0, 0, 4, 0]);
    assert_eq!(job.result().await, first);
}

#[tokio::test]
async fn a_dry_run_reports_the_same_and_writes_nothing() {
    let job = small().await;
    job.add("users", [doc! { "_id": "ada", "email": "ada@example.com" }]).await;

    let mut dry = job.run(&["--dry-run"]);

    assert_eq!(job.result().await, []);
    assert_eq!(dry.report.pop().unwrap(), "This was a dry run: nothing was written.");
    let real = job.run(&[]);
    assert_eq!((real.status, real.report), (3, dry.report));
    assert_eq!(dry.status, 3);
}

#[tokio::test]
async fn copied_messages_are_read_unless_they_follow_unread_ones() {
    let job = small().await;
    job.run(&[]).expect_success();
    let marks = job.target.collection::<Document>("marks");
    let reading = |read: i64| marks.count_documents(doc! { "read": read });
    assert_eq!(reading(4).await.unwrap(), 2);
    marks.update_one(doc! {}, doc! { "$set": { "read": 3_i64 } }).await.unwrap();
    let chats = job.source.collection::<Document>("chats");
    let ada = job.source.collection::<Document>("users").find_one(doc! { "fullName": "Ada" }).await.unwrap().unwrap();
    let late = message(ada.get_object_id("_id").unwrap(), "Still there?");
    chats.update_one(doc! {}, doc! { "$push": { "chats": late } }).await.unwrap();

    job.run(&[]).expect_success();

    assert_eq!((reading(3).await.unwrap(), reading(5).await.unwrap()), (1, 1));
}

#[tokio::test]
async fn the_later_change_of_a_user_wins() {
    let job = small().await;
    job.run(&[]).expect_success();
    let (old, new) = (job.source.collection::<Document>("users"), job.target.collection::<Document>("users"));
    let now = DateTime::now().timestamp_millis();
    let rename = |name: &str, time| doc! { "$set": { "fullName": name, "updatedAt": DateTime::from_millis(time) } };
    old.update_one(doc! { "fullName": "Ada" }, rename("Ada in the old database", now + 1)).await.unwrap();
    old.update_one(doc! { "fullName": "Bob" }, rename("Bob in the old database", now + 1)).await.unwrap();
    new.update_one(doc! { "fullName": "Bob" }, rename("Bob in the new database", now + 2)).await.unwrap();

    let outcome = job.run(&[]).expect_success();

    assert_eq!(outcome.counts("users"), [0, 1, 1, 0]);
    for name in ["Ada in the old database", "Bob in the new database"] {
        assert!(new.find_one(doc! { "fullName": name }).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_photo_is_kept_if_its_file_is_removed() {
    let job = small().await;
    job.run(&[]).expect_success();
    let first = job.result().await;
    fs::remove_file(job.uploads.path().join("ada.png")).unwrap();

    let outcome = job.run(&[]);

    assert_eq!((outcome.status, outcome.counts("photos")), (3, [0, 0, 0, 1]));
    assert_eq!(job.result().await, first);
}

#[tokio::test]
async fn collections_and_fields_can_have_other_names() {
    let job = small().await;
    let rename = [doc! { "$project": { "email": 1, "fullName": 1, "picture": "$photo" } }];
    job.source.create_collection("people").view_on("users").pipeline(rename).await.unwrap();
    job.source.create_collection("connections").view_on("chats").pipeline([]).await.unwrap();

    let options = ["--users-collection", "people", "--chats-collection", "connections", "--photo-field", "picture"];
    let outcome = job.run(&options).expect_success();

    assert_eq!((outcome.counts("photos"), outcome.counts("messages")), ([1, 0, 0, 0], [4, 0, 0, 0]));
}
