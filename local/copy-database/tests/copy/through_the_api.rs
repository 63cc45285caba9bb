//! What clients see of a copy.

use std::fs;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};
use reqwest::Client;
use serde_json::{Value, json};

use crate::harness::{Job, stack};

const PNG: &[u8] = b"\x89PNG\r\n\x1A\n and so on";
const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0 and so on";

/// Somebody who signed in.
struct Person(Client);

impl Person {
    /// Signs in with a mailed code, as somebody whose profile is complete.
    async fn sign_in(email: &str) -> Self {
        let person = Self(Client::builder().cookie_store(true).no_proxy().build().unwrap());
        person.post("/api/sendOtp", json!({ "email": email })).await;
        let url = reqwest::Url::parse_with_params(&stack().mail, [("to", email)]).unwrap();
        let mails: Value = person.0.get(url).send().await.unwrap().json().await.unwrap();
        let text = mails[0]["text"].as_str().unwrap();
        let otp = text.split(|char: char| !char.is_ascii_digit()).find(|word| word.len() == 6).unwrap();
        let verified = person.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await;
        assert_eq!(verified["isComplete"], true);
        person
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", stack().http);
        self.0.post(url).json(&body).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", stack().http);
        self.0.get(url).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }
}

/// The messages of a chat in all the forms that are read, and as the API gives them.
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
async fn people_sign_in_and_find_their_chats_messages_and_photos() {
    let job = Job::copying_into(&stack().database).await;
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
    let adas = Person::sign_in("ada@example.com").await;
    let details = adas.get("/api/userDetails").await["userdata"].clone();
    assert_eq!((&details["_id"], &details["fullName"]), (&json!(ada.to_hex()), &json!("Ada Lovelace")));
    let found = adas.get("/api/users?search=lovel").await;
    assert_eq!(found["data"][0]["_id"], ada.to_hex());
    let listed = adas.get("/api/allConnection").await["data"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["_id"]), (1, &json!(chat.to_hex())));
    let friend = &listed[0]["friend"];
    assert_eq!((&friend["_id"], &friend["fullName"]), (&json!(bob.to_hex()), &json!("Bob")));
    for (url, bytes) in [(&details["photoUrl"], PNG), (&friend["photoUrl"], JPEG)] {
        assert_eq!(reqwest::get(url.as_str().unwrap()).await.unwrap().bytes().await.unwrap(), bytes);
    }
    let path = format!("/api/getChat?chatId={chat}&limit=1000");
    let read = adas.get(&path).await["data"]["chats"].clone();
    for (new, read) in new.iter_mut().zip(read.as_array().unwrap()) {
        if new["_id"].is_null() {
            new["_id"] = read["_id"].clone();
        }
    }
    assert_eq!(read, json!(new));

    let body = json!({ "chatId": chat.to_hex(), "userId": ada.to_hex(), "message": "sent to the new one" });
    assert_eq!(adas.post("/api/sendMessage", body).await["data"]["seq"], 131);
    let late = doc! { "sendBy": bob, "sendTime": DateTime::now(), "message": "sent to the old one" };
    let push = doc! { "$push": { "chats": late } };
    job.source.collection::<Document>("chats").update_one(doc! { "_id": chat }, push).await.unwrap();
    let outcome = job.run(&[]).expect_success();

    assert_eq!((outcome.counts("chats"), outcome.counts("messages")), ([0, 1, 0, 0], [1, 0, 130, 0]));
    let read = adas.get(&path).await["data"]["chats"].clone();
    assert_eq!(
        (&read[130]["message"], &read[131]["message"]),
        (&json!("sent to the new one"), &json!("sent to the old one"))
    );
    assert_eq!((read.as_array().unwrap().len(), &read[131]["seq"]), (132, &json!(132)));
}
