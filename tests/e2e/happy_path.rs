//! The main use of the backend, from sign-up to logout.

use serde_json::{Value, json};
use test_support::{Browser, Socket, User, new_email, prove_address, send_code, shared, unique};

#[tokio::test]
async fn two_people_meet_and_chat() {
    let stack = shared();

    let (ada, bob) = (sign_up_step_by_step(&unique("Ada ")).await, User::sign_up(stack, &unique("Bob ")).await);
    let people = ada.browser.query("/api/users", &[("search", &bob.name)]).await.expect(200);
    assert_eq!(people["data"], json!([bob.public_profile()]));

    let mut adas = Socket::open(stack, &ada).await;
    let mut bobs = Socket::open(stack, &bob).await;
    let connected = ada.browser.post("/api/createConnection", json!({ "personId": bob.id })).await.expect(200);
    assert_eq!(connected["message"], "Person added successfully");
    let chat = connected["chatId"].as_str().unwrap();
    adas.send(json!({ "action": "addFriend", "id": bob.id, "userName": ada.name, "friendName": bob.name })).await;
    let friend = json!({ "event": "newFriend", "id": ada.id, "userName": ada.name, "friendName": bob.name });
    assert_eq!(bobs.expect_event("newFriend").await, friend);

    adas.join(chat).await;
    bobs.join(chat).await;
    let sent = json!({ "message": "Hello, Bob", "chatId": chat, "userId": ada.id });
    let stored = ada.browser.post("/api/sendMessage", sent).await.expect(200)["data"].clone();
    assert_eq!(
        (&stored["sendBy"], &stored["message"], &stored["seq"]),
        (&json!(ada.id), &json!("Hello, Bob"), &json!(1))
    );
    relay(&mut adas, "chatsend", chat, &mut bobs, "chatUpdate").await;
    relay(&mut bobs, "messageRecieved", chat, &mut adas, "messageSent").await;
    bobs.send(json!({ "action": "sendActiveResponse", "chatId": chat })).await;
    let active = json!({ "event": "recieveUserResponse", "chatId": chat });
    assert_eq!(adas.expect_event("recieveUserResponse").await, active);

    let history = bob.browser.query("/api/getChat", &[("chatId", chat)]).await.expect(200);
    let whole = json!({ "_id": chat, "chats": [stored] });
    assert_eq!(history, json!({ "status": true, "data": whole, "hasMore": false }));
    let last = bob.browser.query("/api/lastMessage", &[("chatId", chat)]).await.expect(200);
    assert_eq!(last, json!({ "status": true, "data": whole }));
    let listed = bob.browser.get("/api/allConnection").await.expect(200);
    let expected = json!({
        "_id": chat, "friend": ada.public_profile(), "chats": stored, "unread": 1, "delivered": 0, "read": 0,
        "lastActivity": stored["sendTime"],
    });
    assert_eq!(listed, json!({ "status": true, "data": [expected] }));

    let goodbye = ada.browser.post_empty("/api/logout").await.expect(200);
    assert_eq!(goodbye, json!({ "status": true, "message": "Successfully deleted" }));
    adas.expect_close().await;
    bobs.expect_silence().await;
    ada.browser.get("/api/userDetails").await.expect_error(401);
    bob.browser.get("/api/userDetails").await.expect(200);
}

/// Signs a user up and checks every reply. Also checks that a second device need not complete the
/// profile.
async fn sign_up_step_by_step(name: &str) -> User {
    let (stack, email) = (shared(), new_email());
    let browser = Browser::new(stack);

    let otp = send_code(stack, &email).await;
    let verified = browser.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await.expect(200);
    assert_eq!(verified, json!({ "status": true, "isComplete": false, "message": "Otp verified" }));
    let details = json!({ "fullName": name, "email": email });
    let uploaded = browser.post("/api/uploadDetails", details).await.expect(200);
    assert_eq!(uploaded, json!({ "status": true, "message": "Successfully updated Data" }));

    let other = prove_address(stack, &email).await;
    let mine = browser.get("/api/userDetails").await.expect(200);
    assert_eq!(other.get("/api/userDetails").await.expect(200), mine);
    let id = mine["userdata"]["_id"].as_str().unwrap().to_owned();
    User { id, email, name: name.to_owned(), browser }
}

/// Sends a message to a room from one socket and checks that the other receives it.
async fn relay(from: &mut Socket, action: &str, chat: &str, to: &mut Socket, event: &str) {
    let frame = |kind: &str, name: &str| -> Value { json!({ kind: name, "chatId": chat, "message": "Hello, Bob" }) };
    from.send(frame("action", action)).await;
    assert_eq!(to.expect_event(event).await, frame("event", event));
}
