//! A use of the whole backend.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::activity::Activity;
use super::browser::Browser;
use super::chat::Chat;
use super::people::{User, new_email, send_code};
use super::socket::Socket;
use super::stack::Stack;

/// Uses every function as two people do who meet and talk. Returns what went on, one invocation of each kind, in this order.
pub(crate) async fn use_everything(stack: &Stack) -> Vec<Value> {
    let mut invocations = Invocations { activity: Activity::of(stack).await, seen: Vec::new() };
    let email = new_email();
    let otp = send_code(stack, &email).await;
    invocations.note("SendOtp").await;
    let browser = Browser::new(stack);
    browser.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await.expect(200);
    invocations.note("VerifyOtp").await;
    browser.post("/api/uploadDetails", json!({ "fullName": "Ada", "email": email })).await.expect(200);
    invocations.note("UploadDetails").await;
    let form = Form::new().text("fullName", "Ada").text("email", email.clone()).part("profile", Part::bytes(PNG));
    browser.request(Method::POST, "/api/uploadDetails", |request| request.multipart(form)).await.expect(200);
    invocations.note("UploadDetails").await;
    let details = browser.get("/api/userDetails").await.expect(200)["userdata"].clone();
    invocations.note("UserDetails").await;
    assert_eq!(browser.get(details["photoUrl"].as_str().unwrap()).await.status, 200);
    invocations.note("Photo").await;
    let otp = send_code(stack, &email).await;
    browser.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await.expect(200);
    invocations.note("VerifyOtp").await;
    browser.delete("/api/deleteOtp", json!({ "email": email })).await.expect(200);
    invocations.note("DeleteOtp").await;
    for parameters in
        [[("search", "ada"), ("limit", "5")], [("after", details["_id"].as_str().unwrap()), ("limit", "5")]]
    {
        browser.query("/api/users", &parameters).await.expect(200);
        invocations.note("Users").await;
    }

    let ada = User { id: details["_id"].as_str().unwrap().to_owned(), email, name: "Ada".to_owned(), browser };
    let bob = User::sign_up(stack, "Bob").await;
    let chat = Chat { id: Chat::connect(&ada, &bob).await, ada, bob };
    invocations.note("CreateConnection").await;
    chat.say("first").await;
    invocations.note("SendMessage").await;
    chat.ada.browser.post("/api/sendMessage", chat.by_ada_once("second", "2")).await.expect(200);
    invocations.note("SendMessage").await;
    let refresh = format!("refresh-key={}", chat.ada.browser.token("refresh-key"));
    Browser::sending(stack, &refresh).post("/api/sendMessage", chat.by_ada("third")).await.expect(200);
    invocations.note("SendMessage").await;
    chat.read(&chat.bob.browser, &[]).await.expect(200);
    invocations.note("GetChat").await;
    chat.bob.browser.query("/api/lastMessage", &[("chatId", &chat.id)]).await.expect(200);
    invocations.note("LastMessage").await;
    chat.bob.browser.get("/api/allConnection").await.expect(200);
    invocations.note("AllConnection").await;
    chat.bob.browser.get("/api/refresh").await.expect(200);
    invocations.note("Refresh").await;

    let _bob = Socket::in_room(stack, &chat.bob, &chat.bob.browser, &chat.id).await;
    let mut socket = Socket::in_room(stack, &chat.ada, &chat.ada.browser, &chat.id).await;
    for function in ["SocketTicket", "Connect", "JoinChatRoom"] {
        invocations.note(function).await;
    }
    for (action, function) in [
        ("chatsend", "Chatsend"),
        ("messageRecieved", "MessageReceived"),
        ("sendActiveResponse", "SendActiveResponse"),
        ("addFriend", "AddFriend"),
        ("no such action", "Default"),
    ] {
        let frame = json!({
            "action": action, "chatId": chat.id, "message": "live", "id": chat.bob.id, "userName": "Ada", "friendName": "Bob",
        });
        socket.send_odd(frame).await;
        invocations.note(function).await;
    }
    socket.close().await;
    invocations.note("Disconnect").await;
    chat.ada.browser.post_empty("/api/logout").await.expect(200);
    invocations.note("Logout").await;
    invocations.seen
}

/// What invocations took.
struct Invocations {
    activity: Activity,
    seen: Vec<Value>,
}

impl Invocations {
    /// Waits for the next one of this function.
    async fn note(&mut self, function: &str) {
        self.seen.push(self.activity.next(function).await);
    }
}

/// The start of a picture.
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n";
