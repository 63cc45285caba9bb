//! The command that converts chats of earlier versions.

use std::process::{Command, Output};

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use serde_json::json;
use test_support::{Chat, Setup, Stack, User, binaries, object_id, skip_on_deployed_stack};

/// The number of messages of the old chat.
const COUNT: usize = 130;

fn convert(stack: &Stack) -> Output {
    let output = Command::new(binaries().join("convert-log")).args(["--database", &stack.database_url]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// Stores a chat with [`COUNT`] messages of `ada` as earlier versions did.
async fn store_old_chat(stack: &Stack, ada: &User, bob: &User) -> ObjectId {
    let (database, chat) = (stack.database().await, ObjectId::new());
    let (ada, bob) = (object_id(&ada.id), object_id(&bob.id));
    let pair = doc! { "low": ada.min(bob), "high": ada.max(bob) };
    let old = doc! { "_id": chat, "usersId": [ada, bob], "pair": pair, "createdAt": DateTime::now() };
    database.collection::<Document>("chats").insert_one(old).await.unwrap();
    let message = |number: usize| {
        let (key, name) = (format!("{ada}:{number}"), number.to_string());
        doc! {
            "_id": ObjectId::new(), "key": key, "clientId": &name, "message": name,
            "sendBy": ada, "sendTime": DateTime::now(),
        }
    };
    let messages: Vec<_> = (1..=COUNT).map(message).collect();
    let pages = (0_i64..).zip(messages.chunks(64)).map(|(number, page)| {
        let count = page.len() as i64;
        doc! { "chatId": chat, "number": number, "count": count, "messages": page.to_vec() }
    });
    database.collection::<Document>("pages").insert_many(pages).await.unwrap();
    chat
}

#[tokio::test]
async fn an_old_chat_keeps_its_messages_and_goes_on() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let (ada, bob) = (User::sign_up(&stack, "Ada").await, User::sign_up(&stack, "Bob").await);
    let id = store_old_chat(&stack, &ada, &bob).await.to_hex();

    let first = convert(&stack);
    let second = convert(&stack);

    assert_eq!(first.stdout, b"1 chats were converted; 0 had been converted before\n");
    assert_eq!(second.stdout, b"0 chats were converted; 1 had been converted before\n");
    let chat = Chat { id, ada, bob };
    assert_eq!(chat.numbers(&[]).await, ((1..=COUNT as i64).collect(), false));
    let repeat = chat.ada.browser.post("/api/sendMessage", chat.by_ada_once("70", "70")).await.expect(200);
    assert_eq!(repeat["data"]["seq"], 70);
    assert_eq!(chat.say("next").await["seq"], json!(COUNT + 1));
    let chats = chat.bob.browser.get("/api/allConnection").await.expect(200);
    assert_eq!(chats["data"][0]["chats"]["message"], "next");
    // Converted messages count as read.
    assert_eq!((&chats["data"][0]["unread"], &chats["data"][0]["delivered"]), (&json!(1), &json!(COUNT)));
}
