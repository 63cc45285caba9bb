//! Records that are left out or changed: each is reported, and the others are copied.

use std::fs;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};

use crate::harness::{Job, Outcome, chat, message};

/// Returns the report's lines about `record`, without its name.
fn about(outcome: &Outcome, record: &str) -> Vec<String> {
    let lines = outcome.report.iter();
    lines.filter_map(|line| Some(line.split_once(&format!(": {record}"))?.1.to_owned())).collect()
}

fn id_of(document: &Document) -> ObjectId {
    document.get_object_id("_id").unwrap()
}

#[tokio::test]
async fn a_user_who_cannot_be_copied_is_reported() {
    let job = Job::new().await;
    let taken = job.user("Ada").await;
    let [none, wrong, twice] = [(); 3].map(|()| ObjectId::new());
    job.add(
        "users",
        [
            doc! { "_id": none, "fullName": "Eve" },
            doc! { "_id": wrong, "email": "eve@", "fullName": "Eve" },
            doc! { "_id": twice, "email": format!(" {}@EXAMPLE.com", taken.to_hex()), "fullName": "Eve" },
            doc! { "_id": "eve", "email": "eve@example.com", "fullName": "Eve" },
            doc! { "_id": taken.to_hex(), "email": "another@example.com", "fullName": "Eve" },
        ],
    )
    .await;

    let outcome = job.run(&[]);

    assert_eq!((outcome.status, outcome.counts("users")), (3, [1, 0, 0, 5]));
    assert_eq!(about(&outcome, &format!("users {none}")), [": it has no e-mail address"]);
    assert_eq!(about(&outcome, &format!("users {wrong}")), [": its e-mail address is not valid"]);
    let same = format!(": user {taken} has the same e-mail address");
    assert_eq!(about(&outcome, &format!("users {twice}")), [same]);
    assert_eq!(about(&outcome, "users \"eve\""), [": its _id is not an ObjectId"]);
    // The string sorts before the ObjectId.
    assert_eq!(about(&outcome, &format!("users {taken}")), [": an earlier user has the same id"]);
    assert_eq!(job.count("users").await, 1);
}

#[tokio::test]
async fn a_user_is_copied_without_an_invalid_photo_or_name() {
    let job = Job::new().await;
    let photo = |name: &str, bytes: &[u8]| fs::write(job.uploads.path().join(name), bytes).unwrap();
    photo("me.gif", b"GIF89a");
    let mut large = b"\xFF\xD8\xFF".to_vec();
    large.resize(2 * 1024 * 1024 + 1, 0);
    photo("large.jpg", &large);
    for (name, photo, why) in [
        (Bson::from("Ada"), Bson::from("me.gif"), ": its photo is not a JPEG, PNG or WebP image"),
        ("Ada".into(), "large.jpg".into(), ": its photo has 2097153 bytes, more than 2097152"),
        ("Ada".into(), "../gone.png".into(), ": its photo is not a file in the uploads folder"),
        ("Ada".into(), 7.into(), ": its photo is not a file in the uploads folder"),
        (
            "a".repeat(101).into(),
            Bson::Null,
            ": its name must be 1 to 100 characters long; the user is asked for it at the next sign-in",
        ),
        (7.into(), Bson::Null, ": its name must be text; the user is asked for it at the next sign-in"),
    ] {
        let id = ObjectId::new();
        job.add("users", [doc! { "_id": id, "email": format!("{id}@example.com"), "fullName": &name, "photo": photo }])
            .await;

        let outcome = job.run(&[]);

        assert_eq!((outcome.status, about(&outcome, &format!("users {id}"))), (3, vec![why.to_owned()]));
        let user = job.target.collection::<Document>("users").find_one(doc! { "_id": id }).await.unwrap().unwrap();
        assert!(!user.contains_key("photo"), "{user}");
        assert_eq!(user.get_bool("isProfileComplete").unwrap(), name == "Ada".into(), "{user}");
    }
}

#[tokio::test]
async fn a_chat_that_cannot_be_copied_is_reported_with_its_messages() {
    let job = Job::new().await;
    let [ada, bob, eve] = [job.user("Ada").await, job.user("Bob").await, ObjectId::new()];
    let two = || vec![message(ada, "one"), message(bob, "two")];
    let first = chat([ada, bob], two());
    let wrong = [
        (chat([bob, ada], two()), format!(": chat {} has the same members (messages: 2)", id_of(&first))),
        (chat([ada, eve], two()), format!(": member {eve} was not copied (messages: 2)")),
        (chat([ada, ada], vec![]), ": its two members are the same user (messages: 0)".to_owned()),
        (
            doc! { "_id": ObjectId::new(), "usersId": [ada] },
            ": it does not have exactly two members (messages: 0)".to_owned(),
        ),
        (
            doc! { "_id": ObjectId::new(), "usersId": [ada, 7] },
            ": a member's id is not an ObjectId (messages: 0)".to_owned(),
        ),
        (doc! { "_id": ObjectId::new() }, ": it has no usersId (messages: 0)".to_owned()),
    ];
    job.add("chats", [first]).await;
    job.add("chats", wrong.iter().map(|(chat, _)| chat.clone())).await;
    job.add("chats", [doc! { "_id": 7, "usersId": [ada, bob], "chats": two() }]).await;

    let outcome = job.run(&[]);

    assert_eq!((outcome.status, outcome.counts("chats"), outcome.counts("messages")), (3, [1, 0, 0, 7], [2, 0, 0, 6]));
    for (chat, why) in wrong {
        assert_eq!(about(&outcome, &format!("chats {}", id_of(&chat))), [why]);
    }
    assert_eq!(about(&outcome, "chats 7"), [": its _id is not an ObjectId (messages: 2)"]);
    assert_eq!((job.count_chats().await, job.count("log").await), (1, 1));
}

#[tokio::test]
async fn a_message_that_cannot_be_copied_is_reported_and_left_out() {
    let job = Job::new().await;
    let [ada, bob, eve] = [job.user("Ada").await, job.user("Bob").await, job.user("Eve").await];
    let now = DateTime::now();
    let [stranger, empty, long, untimed] =
        [message(eve, "?"), message(bob, ""), message(ada, &format!("{}é", "a".repeat(4096))), {
            doc! { "_id": ObjectId::new(), "sendBy": ada, "sendTime": "soon", "message": "later" }.into()
        }];
    let id = |message: &Bson| id_of(message.as_document().unwrap());
    let messages = vec![
        message(ada, "first"),
        stranger.clone(),
        empty.clone(),
        doc! { "sendBy": ada, "sendTime": now, "message": 7 }.into(),
        "?".into(),
        long.clone(),
        untimed.clone(),
        untimed.clone(),
        message(bob, "last"),
    ];
    let chat = chat([ada, bob], messages);
    let record = format!("chats {} message", id_of(&chat));
    job.add("chats", [chat]).await;

    let outcome = job.run(&[]);

    let time = "its time cannot be read; it gets the time of the previous message, or of the chat";
    assert_eq!(
        about(&outcome, &record),
        [
            format!(" 2 {}: its sender is not a member of the chat", id(&stranger)),
            format!(" 3 {}: it is empty", id(&empty)),
            " 4 (without _id): it has no text".to_owned(),
            " 5 (without _id): its sender is not a member of the chat".to_owned(),
            format!(" 6 {}: it has more than 4096 characters and becomes 2 messages", id(&long)),
            format!(" 7 {}: {time}", id(&untimed)),
            format!(" 8 {}: {time}", id(&untimed)),
        ]
    );
    assert_eq!((outcome.status, outcome.counts("messages")), (3, [6, 0, 0, 4]));
    let head = job.target.collection::<Document>("log").find_one(doc! {}).await.unwrap().unwrap();
    let entries = head.get_array("entries").unwrap().iter().map(|entry| entry.as_document().unwrap());
    let texts: Vec<_> = entries.map(|entry| entry.get_str("text").unwrap()).collect();
    assert_eq!(texts, ["first", &"a".repeat(4096), "é", "later", "later", "last"]);
    assert_eq!(job.run(&[]).counts("messages"), [0, 0, 6, 4]);
}

#[tokio::test]
async fn records_that_conflict_with_the_target_are_reported() {
    let job = Job::new().await;
    let (ada, bob, eve) = (job.user("Ada").await, job.user("Bob").await, job.user("Eve").await);
    job.add("chats", [chat([ada, bob], vec![message(ada, "Hello")]), chat([ada, eve], vec![])]).await;
    let job = {
        job.run(&[]).expect_success();
        let other = Job::new().await;
        let [own_bob, own_eve] = [ObjectId::new(), ObjectId::new()];
        other
            .add(
                "users",
                [
                    doc! { "_id": own_bob, "email": format!("{bob}@example.com"), "fullName": "Bob" },
                    doc! { "_id": own_eve, "email": "eve@example.com", "fullName": "Eve" },
                    doc! { "_id": ada, "email": format!("{ada}@example.com"), "fullName": "Ada" },
                    doc! { "_id": bob, "email": "bob@example.com", "fullName": "Bob" },
                ],
            )
            .await;
        other.add("chats", [chat([bob, ada], vec![message(bob, "Hello")])]).await;
        Job { to: job.to, target: job.target, ..other }
    };
    let before = job.target.collection::<Document>("log").find_one(doc! { "members.id": bob }).await.unwrap().unwrap();

    let outcome = job.run(&["--into-existing"]);

    assert_eq!((outcome.status, outcome.counts("users"), outcome.counts("chats")), (3, [1, 1, 1, 1], [0, 0, 0, 1]));
    let holder = format!(": user {bob} has its e-mail address in the target");
    assert!(outcome.report.iter().any(|line| line.ends_with(&holder)), "{outcome:?}");
    let held = format!(": its members already have chat {} in the target (messages: 1)", id_of(&before));
    assert!(outcome.report.iter().any(|line| line.ends_with(&held)), "{outcome:?}");
}
