//! Functions are killed at each of their database commands: before the database has it, and after the
//! database has executed it. Then the same request is repeated.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mongodb::bson::{DateTime, Document, doc};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::{
    Activity, Browser, Chat, CommandProxy, Handshake, Moment, Setup, Socket, Stack, User, eventually, new_database_at,
    new_email, object_id, prove_address, send_code, shared, signal_program, skip_on_deployed_stack,
};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// The start of a PNG image.
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n";

/// The time that an answer may take, of the gateway too, which waits ten seconds for a function.
const PATIENCE: Duration = Duration::from_secs(15);

/// A stack whose functions have one process each, and the proxy in front of its database.
pub(crate) struct Steps {
    pub(crate) stack: Stack,
    pub(crate) database: CommandProxy,
}

impl Steps {
    /// Returns `None` for a deployed stack.
    pub(crate) fn start() -> Option<Self> {
        if skip_on_deployed_stack() {
            return None;
        }
        let database = CommandProxy::start_before(shared().mongod());
        let url = new_database_at(database.address);
        let stack = Setup::default().set("DATABASE_URL", url).set("LOCAL_MAX_PROCESSES", 1).start();
        Some(Self { stack, database })
    }

    /// Sends a signal to the process of `program` at one of the next commands.
    pub(crate) fn strike(&self, program: &'static str, number: usize, moment: Moment, signal: Signal) {
        let stack = self.stack.pid();
        self.database.set_trap(number, moment, move || signal_program(stack, program, signal));
    }

    /// Kills `program` at each command of `request`, before and after the database has executed it, and
    /// calls `check` each time. Other functions must not use the database meanwhile.
    async fn kill_at_each_command<S>(
        &self,
        program: &'static str,
        prepare: impl AsyncFn() -> S,
        request: impl AsyncFn(&mut S),
        check: impl AsyncFn(&mut S),
    ) {
        // Sockets stay open, so that no `$disconnect` runs meanwhile.
        let mut subjects = Vec::new();
        for number in 1.. {
            for moment in [Moment::Before, Moment::After] {
                let mut subject = prepare().await;
                self.strike(program, number, moment, Signal::KILL);
                request(&mut subject).await;
                if !self.database.remove_trap() {
                    assert!(number > 1, "{program} sends no command");
                    println!("{program}: {} commands", number - 1);
                    return;
                }
                println!("{program}: killed at command {number}, {moment:?}");
                check(&mut subject).await;
                subjects.push(subject);
            }
        }
    }

    async fn sign_up(&self, name: &str) -> User {
        User::sign_up(&self.stack, name).await
    }

    async fn documents(&self, collection: &str, filter: Document) -> u64 {
        let collection = self.stack.database().await.collection::<Document>(collection);
        collection.count_documents(filter).await.unwrap()
    }

    /// Checks that a user with this address signs in with a new code.
    async fn expect_sign_in(&self, email: &str) {
        prove_address(&self.stack, email).await;
        assert_eq!(self.documents("users", doc! { "email": email }).await, 1);
    }
}

async fn verify(browser: &Browser, email: &str, otp: &str) -> u16 {
    browser.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await.status
}

#[tokio::test]
async fn a_code_is_requested_again() {
    let Some(steps) = Steps::start() else { return };
    let browser = Browser::new(&steps.stack);
    steps
        .kill_at_each_command(
            "send-otp",
            async || new_email(),
            async |email| drop(browser.post("/api/sendOtp", json!({ "email": email })).await),
            async |email| steps.expect_sign_in(email).await,
        )
        .await;
    steps
        .kill_at_each_command(
            "delete-otp",
            async || {
                let email = new_email();
                let otp = send_code(&steps.stack, &email).await;
                (email, otp)
            },
            async |(email, _)| drop(browser.delete("/api/deleteOtp", json!({ "email": email })).await),
            async |(email, otp)| {
                browser.delete("/api/deleteOtp", json!({ "email": email })).await.expect(200);
                assert_eq!(verify(&browser, email, otp).await, 404);
                steps.expect_sign_in(email).await;
            },
        )
        .await;
}

#[tokio::test]
async fn somebody_whose_code_was_used_up_by_a_killed_function_signs_in_with_the_next() {
    let Some(steps) = Steps::start() else { return };
    let browser = Browser::new(&steps.stack);
    for is_new in [true, false] {
        steps
            .kill_at_each_command(
                "verify-otp",
                async || {
                    let email = if is_new { new_email() } else { steps.sign_up("Ada").await.email };
                    let otp = send_code(&steps.stack, &email).await;
                    (email, otp)
                },
                async |(email, otp)| {
                    verify(&browser, email, otp).await;
                },
                async |(email, _)| steps.expect_sign_in(email).await,
            )
            .await;
    }
}

#[tokio::test]
async fn a_code_is_verified_again() {
    let Some(steps) = Steps::start() else { return };
    // The browser that requested the code.
    let request = async |email: &str| {
        let browser = Browser::new(&steps.stack);
        browser.post("/api/sendOtp", json!({ "email": email })).await.expect(200);
        (steps.stack.mailed_code(email).await, browser)
    };
    for is_new in [true, false] {
        steps
            .kill_at_each_command(
                "verify-otp",
                async || {
                    let email = if is_new { new_email() } else { steps.sign_up("Ada").await.email };
                    let (otp, browser) = request(&email).await;
                    (email, otp, browser)
                },
                async |(email, otp, browser)| {
                    verify(browser, email, otp).await;
                },
                async |(email, otp, browser)| assert_eq!(verify(browser, email, otp).await, 200),
            )
            .await;
    }
}

#[tokio::test]
async fn a_profile_is_uploaded_again() {
    let Some(steps) = Steps::start() else { return };
    let upload = async |browser: &Browser, email: &str| {
        let form = Form::new().text("fullName", "Ada").text("email", email.to_owned());
        let form = form.part("profile", Part::bytes(PNG));
        browser.request(Method::POST, "/api/uploadDetails", |request| request.multipart(form)).await
    };
    let check = async |browser: &Browser, email: &str| {
        upload(browser, email).await.expect(200);
        let details = browser.get("/api/userDetails").await.expect(200)["userdata"].clone();
        assert_eq!(details["fullName"], "Ada");
        assert_eq!(browser.get(details["photoUrl"].as_str().unwrap()).await.status, 200);
    };
    steps
        .kill_at_each_command(
            "upload-details",
            async || {
                let email = new_email();
                let browser = prove_address(&steps.stack, &email).await;
                (email, browser)
            },
            async |(email, browser)| drop(upload(browser, email).await),
            async |(email, browser)| check(browser, email).await,
        )
        .await;
    steps
        .kill_at_each_command(
            "upload-details",
            async || steps.sign_up("Ada King").await,
            async |ada| drop(upload(&ada.browser, &ada.email).await),
            async |ada| check(&ada.browser, &ada.email).await,
        )
        .await;
}

#[tokio::test]
async fn a_session_is_refreshed_and_ended_again() {
    let Some(steps) = Steps::start() else { return };
    steps
        .kill_at_each_command(
            "refresh",
            async || steps.sign_up("Ada").await,
            async |ada| drop(ada.browser.get("/api/refresh").await),
            async |ada| drop(ada.browser.get("/api/refresh").await.expect(200)),
        )
        .await;
    steps
        .kill_at_each_command(
            "logout",
            async || {
                let ada = steps.sign_up("Ada").await;
                let cookies = ada.browser.cookies();
                (ada, cookies)
            },
            async |(ada, _)| drop(ada.browser.post_empty("/api/logout").await),
            async |(ada, cookies)| {
                let status = ada.browser.post_empty("/api/logout").await.status;
                assert!(matches!(status, 200 | 401), "signing out again returns {status}");
                assert_eq!(Browser::sending(&steps.stack, cookies).get("/api/refresh").await.status, 401);
            },
        )
        .await;
}

#[tokio::test]
async fn a_repeated_sign_out_closes_the_connections() {
    let Some(steps) = Steps::start() else { return };
    steps
        .kill_at_each_command(
            "logout",
            async || {
                let ada = steps.sign_up("Ada").await;
                let socket = Socket::open_native(&steps.stack, &ada).await;
                (ada, socket)
            },
            async |(ada, _)| drop(ada.browser.post_empty("/api/logout").await),
            async |(ada, socket)| {
                ada.browser.post_empty("/api/logout").await;
                socket.expect_close().await;
            },
        )
        .await;
}

#[tokio::test]
async fn a_chat_is_started_again() {
    let Some(steps) = Steps::start() else { return };
    let connect =
        async |ada: &User, bob: &User| ada.browser.post("/api/createConnection", json!({ "personId": bob.id })).await;
    steps
        .kill_at_each_command(
            "create-connection",
            async || (steps.sign_up("Ada").await, steps.sign_up("Bob").await),
            async |(ada, bob)| drop(connect(ada, bob).await),
            async |(ada, bob)| {
                let reply = connect(ada, bob).await;
                let chat = match reply.status {
                    409 => reply.expect_error(409).chat.unwrap(),
                    _ => reply.expect(200)["chatId"].as_str().unwrap().to_owned(),
                };
                let filter = doc! { "members.id": object_id(&ada.id) };
                assert_eq!(steps.documents("log", filter).await, 1);
                for (user, number) in [(ada, 1), (bob, 2)] {
                    let message = json!({ "chatId": chat, "userId": user.id, "message": "Hello" });
                    let reply = user.browser.post("/api/sendMessage", message).await.expect(200);
                    assert_eq!(reply["data"]["seq"], number);
                }
            },
        )
        .await;
}

/// Checks that repeats of a message return one entry, which is the last of the chat.
async fn expect_once(chat: &Chat, message: &Value, seq: i64) {
    let first = chat.ada.browser.post("/api/sendMessage", message.clone()).await.expect(200);
    let second = chat.ada.browser.post("/api/sendMessage", message.clone()).await.expect(200);
    assert_eq!(first, second);
    assert_eq!(first["data"]["seq"], seq);
    assert_eq!(chat.numbers(&[("limit", "1000")]).await, ((1..=seq).collect(), false));
}

#[tokio::test]
async fn a_message_is_sent_again() {
    let Some(steps) = Steps::start() else { return };
    // Where the head has room, and where it is full.
    for seq in [1, 65, 129] {
        steps
            .kill_at_each_command(
                "send-message",
                async || {
                    let chat = Chat::start(&steps.stack).await;
                    chat.fill(seq - 1).await;
                    chat
                },
                async |chat| drop(chat.ada.browser.post("/api/sendMessage", chat.by_ada_once("Hello", "1")).await),
                async |chat| expect_once(chat, &chat.by_ada_once("Hello", "1"), seq as i64).await,
            )
            .await;
    }
    steps
        .kill_at_each_command(
            "send-message",
            async || Chat::start(&steps.stack).await,
            async |chat| drop(chat.ada.browser.post("/api/sendMessage", chat.by_ada("Hello")).await),
            async |chat| {
                let last = chat.say("Hello").await["seq"].as_i64().unwrap();
                assert!(matches!(last, 1 | 2), "a message that is sent twice is number {last}");
                assert_eq!(chat.numbers(&[]).await, ((1..=last).collect(), false));
            },
        )
        .await;
}

#[tokio::test]
async fn a_mark_is_set_again() {
    let Some(steps) = Steps::start() else { return };
    let read = async |chat: &Chat| chat.bob.browser.post("/api/receipt", json!({ "chatId": chat.id, "read": 1 })).await;
    let mute = async |chat: &Chat| {
        chat.bob.browser.put("/api/chatSettings", json!({ "chatId": chat.id, "muted": true })).await
    };
    let chat_with_message = async || {
        let chat = Chat::start(&steps.stack).await;
        chat.say("Hello").await;
        chat
    };
    steps
        .kill_at_each_command(
            "receipt",
            chat_with_message,
            async |chat| drop(read(chat).await),
            async |chat| {
                read(chat).await.expect(200);
                let list = chat.bob.browser.get("/api/allConnection").await.expect(200);
                assert!(list.to_string().contains(r#""unread":0"#), "{list}");
                let marks = doc! { "chatId": object_id(&chat.id), "userId": object_id(&chat.bob.id), "read": 1_i64 };
                assert_eq!(steps.documents("marks", marks).await, 1);
            },
        )
        .await;
    steps
        .kill_at_each_command(
            "chat-settings",
            chat_with_message,
            async |chat| drop(mute(chat).await),
            async |chat| {
                mute(chat).await.expect(200);
                let marks = doc! { "chatId": object_id(&chat.id), "userId": object_id(&chat.bob.id), "muted": true };
                assert_eq!(steps.documents("marks", marks).await, 1);
            },
        )
        .await;
    steps
        .kill_at_each_command(
            "presence",
            async || steps.sign_up("Ada").await,
            async |ada| drop(ada.browser.put("/api/presence", json!({ "visible": false })).await),
            async |ada| drop(ada.browser.put("/api/presence", json!({ "visible": false })).await.expect(200)),
        )
        .await;
}

/// A socket that also receives what the gateway itself sends.
pub(crate) struct RawSocket {
    stream: WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>,
    last_ack: u64,
}

impl RawSocket {
    pub(crate) async fn open_native(stack: &Stack, user: &User) -> Self {
        let handshake = Handshake::with_ticket(stack, user, &user.browser).await.query("v", "2");
        Self { stream: handshake.open().await, last_ack: 0 }
    }

    /// Sends a frame. Returns its answer, or that of the gateway if the function failed.
    pub(crate) async fn ask(&mut self, frame: Value) -> Value {
        self.send(frame).await;
        loop {
            let answer = self.receive().await;
            if answer["ackId"] == self.last_ack || answer["requestId"].is_string() {
                return answer;
            }
        }
    }

    /// Sends a frame, which must be acknowledged. Earlier answers are ignored.
    pub(crate) async fn expect_ack(&mut self, frame: Value) -> Value {
        self.send(frame).await;
        loop {
            let answer = self.receive().await;
            if answer["ackId"] == self.last_ack {
                assert_eq!(answer["event"], "ack", "{answer}");
                return answer;
            }
        }
    }

    async fn send(&mut self, mut frame: Value) {
        self.last_ack += 1;
        frame["ackId"] = self.last_ack.into();
        self.stream.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.stream.next()).await.unwrap();
            if let Message::Text(text) = frame.unwrap().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }
}

/// A chat whose members have a socket each.
struct LiveChat {
    chat: Chat,
    ada: RawSocket,
    bob: Socket,
}

impl LiveChat {
    async fn start(stack: &Stack) -> Self {
        let chat = Chat::start(stack).await;
        let (ada, bob) = (RawSocket::open_native(stack, &chat.ada).await, Socket::open_native(stack, &chat.bob).await);
        Self { chat, ada, bob }
    }

    fn frame(&self, action: &str) -> Value {
        json!({ "action": action, "chatId": self.chat.id })
    }

    fn message(&self) -> Value {
        let mut frame = self.frame("sendMessage");
        frame["message"] = "Hello".into();
        frame["clientId"] = "1".into();
        frame
    }
}

#[tokio::test]
async fn a_frame_is_sent_again() {
    let Some(steps) = Steps::start() else { return };
    let live = async || LiveChat::start(&steps.stack).await;
    steps
        .kill_at_each_command(
            "send-message-action",
            live,
            async |live| drop(live.ada.ask(live.message()).await),
            async |live| {
                let first = live.ada.expect_ack(live.message()).await;
                assert_eq!(live.ada.expect_ack(live.message()).await["entry"], first["entry"]);
                assert_eq!(first["entry"]["seq"], 1);
                assert_eq!(live.chat.numbers(&[]).await, (vec![1], false));
                assert_eq!(live.bob.expect_entry(&live.chat.id).await, first["entry"]);
            },
        )
        .await;
    let receipt = |live: &LiveChat| {
        let mut frame = live.frame("receipt");
        frame["read"] = 1.into();
        frame
    };
    steps
        .kill_at_each_command(
            "receipt-action",
            async || {
                let live = LiveChat::start(&steps.stack).await;
                let message = json!({ "chatId": live.chat.id, "userId": live.chat.bob.id, "message": "Hello" });
                live.chat.bob.browser.post("/api/sendMessage", message).await.expect(200);
                live
            },
            async |live| drop(live.ada.ask(receipt(live)).await),
            async |live| {
                live.ada.expect_ack(receipt(live)).await;
                let marks = doc! { "userId": object_id(&live.chat.ada.id), "read": 1_i64 };
                assert_eq!(steps.documents("marks", marks).await, 1);
            },
        )
        .await;
}

#[tokio::test]
async fn a_room_is_joined_and_left_again() {
    let Some(steps) = Steps::start() else { return };
    let rooms = async |live: &LiveChat| {
        let filter = doc! { "userId": object_id(&live.chat.ada.id), "rooms": object_id(&live.chat.id) };
        steps.documents("connections", filter).await
    };
    steps
        .kill_at_each_command(
            "join-chat-room",
            async || LiveChat::start(&steps.stack).await,
            async |live| drop(live.ada.ask(live.frame("join-chat-room")).await),
            async |live| {
                let ack = live.ada.expect_ack(live.frame("join-chat-room")).await;
                assert_eq!(ack["presence"]["online"], true);
                assert_eq!(rooms(live).await, 1);
            },
        )
        .await;
    steps
        .kill_at_each_command(
            "leave-chat-room",
            async || {
                let mut live = LiveChat::start(&steps.stack).await;
                live.ada.expect_ack(live.frame("join-chat-room")).await;
                live
            },
            async |live| drop(live.ada.ask(live.frame("leave-chat-room")).await),
            async |live| {
                live.ada.expect_ack(live.frame("leave-chat-room")).await;
                assert_eq!(rooms(live).await, 0);
            },
        )
        .await;
}

#[tokio::test]
async fn a_connection_is_opened_again() {
    let Some(steps) = Steps::start() else { return };
    steps
        .kill_at_each_command(
            "connect",
            async || (Chat::start(&steps.stack).await, None, None),
            async |(chat, first, _)| {
                let handshake = Handshake::with_ticket(&steps.stack, &chat.ada, &chat.ada.browser).await;
                *first = handshake.query("v", "2").attempt().await.ok();
            },
            async |(chat, first, second)| {
                assert!(first.is_none(), "the handshake of a killed function succeeded");
                let mut ada = Socket::open_native(&steps.stack, &chat.ada).await;
                chat.say("to other devices").await;
                assert_eq!(ada.expect_entry(&chat.id).await["seq"], 1);
                ada.expect_silence().await;
                *second = Some(ada);
            },
        )
        .await;
}

/// The record of a connection that is closed goes with the next event.
#[tokio::test]
async fn a_connection_whose_end_is_not_recorded_is_found_gone() {
    let Some(steps) = Steps::start() else { return };
    let mut activity = Activity::follow(&steps.stack).await;
    for number in 1.. {
        for moment in [Moment::Before, Moment::After] {
            let chat = Chat::start(&steps.stack).await;
            let ada = Socket::open_native(&steps.stack, &chat.ada).await;
            let connections = steps.stack.database().await.collection::<Document>("connections");
            let of_ada = doc! { "userId": object_id(&chat.ada.id) };
            // Records of the last ten seconds are kept.
            let earlier = DateTime::from_millis(0);
            connections.update_one(of_ada.clone(), doc! { "$set": { "connectedAt": earlier } }).await.unwrap();
            steps.strike("disconnect", number, moment, Signal::KILL);

            ada.close().await;
            activity.next("Disconnect").await;

            let has_struck = steps.database.remove_trap();
            if !has_struck {
                assert_eq!(connections.count_documents(of_ada.clone()).await.unwrap(), 0);
                assert!(number > 1);
                println!("disconnect: {} commands", number - 1);
                return;
            }
            println!("disconnect: killed at command {number}, {moment:?}");
            let message = json!({ "chatId": chat.id, "userId": chat.bob.id, "message": "Hello", "clientId": "1" });
            chat.bob.browser.post("/api/sendMessage", message).await.expect(200);
            eventually("the record of the closed connection is gone or has expired", async || {
                let mut open = of_ada.clone();
                open.insert("expiresAt", doc! { "$gt": DateTime::now() });
                connections.count_documents(open).await.unwrap() == 0
            })
            .await;
        }
    }
}
