//! A copy, seen through the API.

use std::fs;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde_json::{Value, json};
use test_support::{Browser, prove_address, shared};

use crate::harness::Job;

const PNG: &[u8] = b"\x89PNG\r\n\x1A\n and so on";
const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0 and so on";

/// Returns the messages of a chat in all supported forms, and as the API returns them.
fn messages(ada: ObjectId, bob: ObjectId, count: i64) -> (Vec<Bson>, Vec<Value>) {
    let start = 1_700_000_000_000;
    let form = |number: i64| -> (Document, Value) {
        let (id, millis, text) = (ObjectId::new(), start + number * 1000, format!("message {number}"));
        let (sender, other) = if number % 2 == 0 { (ada, bob) } else { (bob, ada) };
        assert_ne!(sender, other);
        let time = DateTime::from_millis(millis);
        let text_of_time = time.try_to_rfc3339_string().unwrap();
        let old = match number % 4 {
            0 => doc! { "_id": id, "sendBy": sender, "sendTime": time, "message": &text },
            1 => doc! { "_id": id.to_hex(), "sendBy": sender.to_hex(), "sendTime": &text_of_time, "message": &text },
            2 => doc! { "_id": id, "sendBy": sender, "sendTime": millis, "message": &text },
            _ => doc! { "sendBy": sender.to_hex().to_uppercase(), "sendTime": millis as f64, "message": &text },
        };
        let id = if number % 4 == 3 { Value::Null } else { json!(id.to_hex()) };
        let seconds = millis / 1000 - 1_700_000_000;
        let time = format!("2023-11-14T22:{:02}:{:02}.000Z", 13 + (20 + seconds) / 60, (20 + seconds) % 60);
        let new = json!({ "_id": id, "sendBy": sender.to_hex(), "sendTime": time, "message": text, "seq": number });
        (old, new)
    };
    (1..=count).map(form).map(|(old, new)| (Bson::Document(old), new)).unzip()
}

#[tokio::test]
async fn users_sign_in_and_find_their_chats_messages_and_photos() {
    let job = Job::copying_into(&shared().database_url).await;
    let (ada, bob, chat) = (ObjectId::new(), ObjectId::new(), ObjectId::new());
    let photo = "http://localhost:4000/uploads/ada%20l.png";
    let user = doc! { "_id": ada, "email": " Ada@Example.com", "fullName": "Ada Lovelace", "photo": photo };
    job.add("users", [user]).await;
    let user =
        doc! { "_id": bob, "email": "bob@example.com", "fullName": "Bob", "profile": "uploads/bob", "photo": "" };
    job.add("users", [user]).await;
    fs::write(job.uploads.path().join("ada l.png"), PNG).unwrap();
    fs::write(job.uploads.path().join("bob"), JPEG).unwrap();
    let (old, mut new) = messages(ada, bob, 130);
    job.add("chats", [doc! { "_id": chat, "usersId": [bob.to_hex(), ada.to_hex()], "chats": old }]).await;

    let outcome = job.run(&[]).expect_success();

    assert_eq!(outcome.counts("users"), [2, 0, 0, 0]);
    assert_eq!(outcome.counts("photos"), [2, 0, 0, 0]);
    assert_eq!(outcome.counts("chats"), [1, 0, 0, 0]);
    assert_eq!(outcome.counts("messages"), [130, 0, 0, 0]);
    let adas = prove_address(shared(), "ada@example.com").await;
    let details = adas.get("/api/userDetails").await.expect(200)["userdata"].clone();
    assert_eq!((&details["_id"], &details["fullName"]), (&json!(ada.to_hex()), &json!("Ada Lovelace")));
    let found = adas.get("/api/users?search=lovel").await.expect(200);
    assert_eq!(found["data"][0]["_id"], ada.to_hex());
    let listed = adas.get("/api/allConnection").await.expect(200)["data"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["_id"]), (1, &json!(chat.to_hex())));
    assert_eq!((&listed[0]["unread"], &listed[0]["read"]), (&json!(0), &json!(130)));
    let friend = &listed[0]["friend"];
    assert_eq!((&friend["_id"], &friend["fullName"]), (&json!(bob.to_hex()), &json!("Bob")));
    for (url, bytes) in [(&details["photoUrl"], PNG), (&friend["photoUrl"], JPEG)] {
        assert_eq!(Browser::new(shared()).get(url.as_str().unwrap()).await.body, bytes);
    }
    let path = format!("/api/getChat?chatId={chat}&limit=1000");
    let read = adas.get(&path).await.expect(200)["data"]["chats"].clone();
    for (new, read) in new.iter_mut().zip(read.as_array().unwrap()) {
        if new["_id"].is_null() {
            new["_id"] = read["_id"].clone();
        }
    }
    assert_eq!(read, json!(new));

    let body = json!({ "chatId": chat.to_hex(), "userId": ada.to_hex(), "message": "sent to the new one" });
    assert_eq!(adas.post("/api/sendMessage", body).await.expect(200)["data"]["seq"], 131);
    let late = doc! { "sendBy": bob, "sendTime": DateTime::now(), "message": "sent to the old one" };
    let push = doc! { "$push": { "chats": late } };
    job.source.collection::<Document>("chats").update_one(doc! { "_id": chat }, push).await.unwrap();
    let outcome = job.run(&[]).expect_success();

    assert_eq!((outcome.counts("chats"), outcome.counts("messages")), ([0, 1, 0, 0], [1, 0, 130, 0]));
    let read = adas.get(&path).await.expect(200)["data"]["chats"].clone();
    assert_eq!(
        (&read[130]["message"], &read[131]["message"]),
        (&json!("sent to the new one"), &json!("sent to the old one"))
    );
    assert_eq!((read.as_array().unwrap().len(), &read[131]["seq"]), (132, &json!(132)));
}
