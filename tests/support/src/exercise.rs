//! A scenario that uses every function.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::{Activity, Browser, Chat, Socket, Stack, Template, User, new_email, send_code};

/// One invocation of a function.
pub struct Step {
    /// The function.
    pub function: &'static str,
    /// The number of database commands that it may send: one for a read or a relayed event, two for
    /// a write, and more if a comment says why.
    pub commands: u64,
    /// The stack's report of the invocation.
    pub report: Value,
}

/// Uses every function of the template, as two users who meet and chat. Returns one invocation per
/// step.
pub async fn exercise_every_function(stack: &Stack) -> Vec<Step> {
    let mut steps = Steps { activity: Activity::follow(stack).await, all: Vec::new() };
    let email = new_email();
    let otp = send_code(stack, &email).await;
    steps.record("SendOtp", 1).await;
    let browser = Browser::new(stack);
    // Checks the code, stores the user, spends the code.
    browser.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await.expect(200);
    steps.record("VerifyOtp", 3).await;
    // Stores the user and a new session.
    browser.post("/api/uploadDetails", json!({ "fullName": "Ada", "email": email })).await.expect(200);
    steps.record("UploadDetails", 2).await;
    // Checks the session and the owner of the address, stores the photo and the user.
    let form = Form::new().text("fullName", "Ada").text("email", email.clone()).part("profile", Part::bytes(PNG));
    browser.request(Method::POST, "/api/uploadDetails", |request| request.multipart(form)).await.expect(200);
    steps.record("UploadDetails", 4).await;
    let details = browser.get("/api/userDetails").await.expect(200)["userdata"].clone();
    steps.record("UserDetails", 1).await;
    assert_eq!(browser.get(details["photoUrl"].as_str().unwrap()).await.status, 200);
    steps.record("Photo", 1).await;
    // Checks the code, reads the user, stores a session, spends the code.
    let otp = send_code(stack, &email).await;
    browser.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await.expect(200);
    steps.record("VerifyOtp", 4).await;
    browser.delete("/api/deleteOtp", json!({ "email": email })).await.expect(200);
    steps.record("DeleteOtp", 1).await;
    for parameters in
        [[("search", "ada"), ("limit", "5")], [("after", details["_id"].as_str().unwrap()), ("limit", "5")]]
    {
        browser.query("/api/users", &parameters).await.expect(200);
        steps.record("Users", 1).await;
    }

    let ada = User { id: details["_id"].as_str().unwrap().to_owned(), email, name: "Ada".to_owned(), browser };
    let bob = User::sign_up(stack, "Bob").await;
    let chat = Chat { id: Chat::connect(&ada, &bob).await, ada, bob };
    // Reads the profiles, starts the chat, finds the open connections of both.
    steps.record("CreateConnection", 3).await;
    chat.say("first").await;
    steps.record("SendMessage", 2).await;
    chat.ada.browser.post("/api/sendMessage", chat.by_ada_once("second", "2")).await.expect(200);
    steps.record("SendMessage", 2).await;
    // Without an access-key, the session says who the sender is.
    let refresh = format!("refresh-key={}", chat.ada.browser.token("refresh-key"));
    Browser::sending(stack, &refresh).post("/api/sendMessage", chat.by_ada("third")).await.expect(200);
    steps.record("SendMessage", 3).await;
    chat.read(&chat.bob.browser, &[]).await.expect(200);
    steps.record("GetChat", 1).await;
    chat.bob.browser.query("/api/lastMessage", &[("chatId", &chat.id)]).await.expect(200);
    steps.record("LastMessage", 1).await;
    chat.bob.browser.get("/api/allConnection").await.expect(200);
    steps.record("AllConnection", 1).await;
    // The heads, and the watermarks with the profiles.
    chat.bob.browser.post("/api/sync", json!({ "chats": { &chat.id: 1 } })).await.expect(200);
    steps.record("Sync", 2).await;
    let receipt = |read: i64| json!({ "chatId": chat.id, "read": read });
    chat.bob.browser.post("/api/receipt", receipt(1)).await.expect(200);
    steps.record("Receipt", 2).await;
    chat.bob.browser.put("/api/chatSettings", json!({ "chatId": chat.id, "muted": true })).await.expect(200);
    steps.record("ChatSettings", 2).await;
    chat.bob.browser.get("/api/refresh").await.expect(200);
    steps.record("Refresh", 1).await;

    for visible in [false, true] {
        chat.bob.browser.put("/api/presence", json!({ "visible": visible })).await.expect(200);
        steps.record("Presence", 2).await;
    }

    let _bob = Socket::in_room(stack, &chat.bob, &chat.bob.browser, &chat.id).await;
    let mut socket = Socket::open_native(stack, &chat.ada).await;
    steps.record("SocketTicket", 0).await;
    // Stores the connection, uses the ticket, stores when the user was last seen, looks up who watches.
    steps.record("Connect", 4).await;
    steps.record("JoinChatRoom", 2).await;
    socket.join(&chat.id).await;
    // Reads the presence of the other member, once it is watched.
    steps.record("JoinChatRoom", 3).await;
    // Identifies the sender, whom the process then remembers.
    let message = json!({ "action": "sendMessage", "chatId": chat.id, "message": "fourth", "clientId": "4" });
    socket.send(message).await;
    steps.record("SendMessageAction", 3).await;
    // The first frame of a connection also reads who the user is.
    for (read, commands) in [(1, 3), (2, 2)] {
        socket.send(json!({ "action": "receipt", "chatId": chat.id, "read": read })).await;
        steps.record("ReceiptAction", commands).await;
    }
    for (action, function, commands) in [
        ("chatsend", "Chatsend", 1),
        ("messageRecieved", "MessageReceived", 1),
        ("sendActiveResponse", "SendActiveResponse", 1),
        ("addFriend", "AddFriend", 1),
        ("typing", "Typing", 1),
        ("leave-chat-room", "LeaveChatRoom", 1),
        ("no such action", "Default", 0),
    ] {
        let frame = json!({
            "action": action, "chatId": chat.id, "message": "live",
            "id": chat.bob.id, "userName": "Ada", "friendName": "Bob", "typing": true,
        });
        socket.send_unchecked(frame).await;
        steps.record(function, commands).await;
    }
    // The user of the connection, the heads, and the watermarks with the profiles.
    socket.send(json!({ "action": "sync", "ackId": 1 })).await;
    steps.record("SyncAction", 3).await;
    socket.close().await;
    // Ends the connection, looks up who watches, stores when the user was last seen, and removes it.
    steps.record("Disconnect", 4).await;
    // Ends the session and its sockets.
    chat.ada.browser.post_empty("/api/logout").await.expect(200);
    steps.record("Logout", 2).await;
    steps.finish()
}

/// The steps so far.
struct Steps {
    activity: Activity,
    all: Vec<Step>,
}

impl Steps {
    /// Waits for the next invocation of this function.
    async fn record(&mut self, function: &'static str, commands: u64) {
        self.all.push(Step { function, commands, report: self.activity.next(function).await });
    }

    /// Checks that every function was used.
    fn finish(self) -> Vec<Step> {
        for function in Template::read().endpoints() {
            let name = &function.name;
            let is_used = self.all.iter().any(|step| step.function == name);
            assert!(is_used, "add a use of {name} to exercise_every_function, in {}", file!());
        }
        self.all
    }
}

/// The start of a PNG image.
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n";
