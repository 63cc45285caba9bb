//! Outages of the database and the mail server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use test_support::{
    Browser, Chat, Handshake, Proxy, Reply, Setup, Socket, Stack, User, eventually, new_database_at, new_email, shared,
    skip_on_deployed_stack, unique,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The five seconds of the contract, plus one for a busy machine.
const LIMIT: Duration = Duration::from_secs(6);

/// Checks that a reply arrived in time and does not reveal the servers behind the API.
#[track_caller]
fn expect_unavailable(reply: &Reply, since: Instant) {
    let error = reply.expect_error(503);
    assert!(since.elapsed() < LIMIT, "after {:?}", since.elapsed());
    assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    for secret in ["mongo", "smtp", "127.0.0.1", "localhost"] {
        assert!(!error.message.to_lowercase().contains(secret), "{error:?}");
    }
}

/// Starts a stack whose database is behind a proxy.
fn stack_behind(proxy: &Proxy) -> Stack {
    Setup::default().set("DATABASE_URL", new_database_at(proxy.address)).start()
}

/// Sends the requests to try during an outage. The last one is the first invocation of its
/// function.
async fn request_everything(chat: &Chat) -> Vec<Reply> {
    let browser = &chat.ada.browser;
    let (send, member) = (chat.by_ada_once("Hello", "1"), [("chatId", chat.id.as_str())]);
    let request = async |number| match number {
        0 => browser.get("/api/users").await,
        1 => browser.get("/api/userDetails").await,
        2 => browser.query("/api/getChat", &member).await,
        3 => browser.get("/api/refresh").await,
        4 => browser.post("/api/sendMessage", send.clone()).await,
        _ => browser.query("/api/lastMessage", &member).await,
    };
    join_all((0..6).map(request)).await
}

/// Checks the behaviour while the database fails with `fail`, and after it recovers.
async fn database_fails(fail: impl Fn(&Proxy)) {
    let proxy = Proxy::start_before(shared().mongod());
    let stack = stack_behind(&proxy);
    let chat = Chat::start(&stack).await;
    let mut socket = Socket::in_room(&stack, &chat.ada, &chat.ada.browser, &chat.id).await;
    let mut bob = Socket::in_room(&stack, &chat.bob, &chat.bob.browser, &chat.id).await;
    let cookies = chat.ada.browser.cookies();
    chat.say("before").await;
    assert_eq!(chat.numbers(&[]).await, (vec![1], false));

    fail(&proxy);
    let start = Instant::now();
    for reply in request_everything(&chat).await {
        expect_unavailable(&reply, start);
    }
    let start = Instant::now();
    socket.send(json!({ "action": "chatsend", "chatId": chat.id, "message": "refused" })).await;
    socket.expect_error("chatsend", 503).await;
    assert!(start.elapsed() < LIMIT, "the socket was answered after {:?}", start.elapsed());
    assert_eq!(Handshake::naming(&stack, &chat.ada).header("cookie", &cookies).refusal().await, 503);

    proxy.recover();
    for reply in request_everything(&chat).await {
        reply.expect(200);
    }
    // The frame that was refused does not reach the others later, when its process is used again.
    let repeat = json!({ "action": "chatsend", "chatId": chat.id, "message": "again", "ackId": 1 });
    socket.send(repeat).await;
    socket.expect_event("ack").await;
    let mut updates = Vec::new();
    while updates.last().is_none_or(|update: &Value| update["message"] != "again") {
        updates.push(bob.expect_event("chatUpdate").await);
    }
    let refused = updates.iter().filter(|update| update.to_string().contains("refused")).count();
    assert_eq!(refused, 0, "{updates:?}");
    bob.expect_silence().await;
    assert_eq!(chat.numbers(&[]).await, (vec![1, 2], false));
}

#[tokio::test]
async fn a_database_that_refuses_connections_is_reported_and_recovers() {
    if skip_on_deployed_stack() {
        return;
    }
    database_fails(Proxy::refuse).await;
}

#[tokio::test]
async fn a_database_that_hangs_is_reported_and_recovers() {
    if skip_on_deployed_stack() {
        return;
    }
    database_fails(Proxy::hang).await;
}

/// Checks the behaviour while the mail server fails with `fail`, and after it recovers.
async fn mail_fails(fail: impl Fn(&Proxy), times: usize) {
    let proxy = Proxy::start();
    let stack = stack_mailing_through(proxy.address);
    proxy.stand_before(stack.smtp());
    let (browser, email) = (Browser::new(&stack), new_email());
    browser.post("/api/sendOtp", json!({ "email": new_email() })).await.expect(200);

    fail(&proxy);
    for _ in 0..times {
        let start = Instant::now();
        expect_unavailable(&browser.post("/api/sendOtp", json!({ "email": email })).await, start);
    }

    proxy.recover();
    browser.post("/api/sendOtp", json!({ "email": email })).await.expect(200);
    let mut statuses = Vec::new();
    // Mails that were delayed may still arrive, before or after the mail with the valid code.
    for otp in stack.mailed_codes(&email).await {
        statuses.push(browser.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await.status);
    }
    assert!(statuses.contains(&200), "verifying the mailed codes returned {statuses:?}");
}

fn stack_mailing_through(address: SocketAddr) -> Stack {
    Setup::default().set("EMAIL_SERVICE_URL", format!("smtp://{address}")).start()
}

#[tokio::test]
async fn a_refused_mail_does_not_count_as_sent() {
    if skip_on_deployed_stack() {
        return;
    }
    mail_fails(Proxy::refuse, 5).await;
}

#[tokio::test]
async fn a_mail_server_that_hangs_is_reported_and_recovers() {
    if skip_on_deployed_stack() {
        return;
    }
    mail_fails(Proxy::hang, 1).await;
}

#[tokio::test]
async fn a_message_sent_during_an_outage_is_stored_once() {
    if skip_on_deployed_stack() {
        return;
    }
    let proxy = Proxy::start_before(shared().mongod());
    let stack = stack_behind(&proxy);
    let (chat, client_id) = (Chat::start(&stack).await, unique("send-"));
    let message = chat.by_ada_once("Hello", &client_id);
    chat.say("before").await;

    proxy.hang();
    chat.ada.browser.post("/api/sendMessage", message.clone()).await.expect_code(503, "unavailable");
    proxy.recover();
    let repeated = chat.ada.browser.post("/api/sendMessage", message.clone()).await.expect(200);
    let again = chat.ada.browser.post("/api/sendMessage", message).await.expect(200);

    assert_eq!(repeated, again);
    assert_eq!(chat.numbers(&[]).await, (vec![1, 2], false));
}

/// Lets processes fail in the middle of a request, and thaws them for others.
#[tokio::test]
async fn what_was_answered_with_503_is_not_done_later() {
    if skip_on_deployed_stack() {
        return;
    }
    let proxy = Proxy::start_before(shared().mongod());
    let database = new_database_at(proxy.address);
    // One process per function, so that the same one is thawed.
    let stack = Setup::default().set("DATABASE_URL", database).set("LOCAL_MAX_PROCESSES", 1).start();
    let chat = Chat::start(&stack).await;
    let (carol, dan) = (User::sign_up(&stack, "Carol").await, User::sign_up(&stack, "Dan").await);
    let mut socket = Socket::in_room(&stack, &chat.ada, &chat.ada.browser, &chat.id).await;
    let mut other = Socket::in_room(&stack, &chat.bob, &chat.bob.browser, &chat.id).await;
    let show = |text: &str| json!({ "action": "chatsend", "chatId": chat.id, "message": text });
    chat.say("before").await;
    socket.send(show("before")).await;
    other.expect_event("chatUpdate").await;

    proxy.hang();
    let connection = json!({ "personId": carol.id });
    let (send, connect) = tokio::join!(
        chat.ada.browser.post("/api/sendMessage", chat.by_ada("late")),
        chat.ada.browser.post("/api/createConnection", connection),
    );
    send.expect_error(503);
    connect.expect_error(503);
    socket.send(show("late")).await;
    socket.expect_error("chatsend", 503).await;
    // What the proxy holds back is lost, as in a connection that a network has forgotten.
    proxy.refuse();
    proxy.recover();

    for _ in 0..5 {
        chat.say("after").await;
        chat.bob.browser.post("/api/createConnection", json!({ "personId": dan.id })).await;
        socket.send(show("after")).await;
        assert_eq!(other.expect_event("chatUpdate").await["message"], "after");
    }
    other.expect_silence().await;
    let read = chat.read(&chat.bob.browser, &[]).await.expect(200);
    let texts: Vec<_> = read["data"]["chats"].as_array().unwrap().iter().map(|entry| &entry["message"]).collect();
    assert_eq!(texts, ["before", "after", "after", "after", "after", "after"]);
    // Carol is in no chat.
    carol.browser.get("/api/allConnection").await.expect(204);
}

#[tokio::test]
async fn the_log_says_which_request_failed() {
    if skip_on_deployed_stack() {
        return;
    }
    let (proxy, pushes) = (Proxy::start_before(shared().mongod()), Proxy::start());
    let setup = Setup::default().set("DATABASE_URL", new_database_at(proxy.address));
    let stack = setup.set("WEBSOCKET_ENDPOINT", format!("http://{}/api", pushes.address)).start();
    let chat = Chat::start(&stack).await;
    let _device = Socket::open_native(&stack, &chat.bob).await;
    chat.say("Hello").await;
    proxy.refuse();
    Browser::new(&stack).get("/api/users").await.expect_error(503);

    for (function, message) in [("SendMessage", "push failed"), ("Users", "unavailable")] {
        let start = format!("[{function}] ");
        let mut found = String::new();
        eventually("the failure is logged", async || {
            let lines = stack.output.to_string();
            let mut lines = lines.lines().filter(|line| line.contains(&start) && line.contains(message));
            found = lines.next().unwrap_or_default().to_owned();
            !found.is_empty()
        })
        .await;
        assert!(found.contains("requestId"), "{found}");
    }
}

/// A stand-in for `@connections`.
struct ConnectionsApi {
    url: String,
    /// The number of posts that arrived and that it answers.
    posts: Arc<AtomicUsize>,
}

impl ConnectionsApi {
    /// Starts a server that answers each post after `delay`. It answers one post per connection, and
    /// closes the connection when another one arrives.
    async fn start(delay: Duration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let posts = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&posts);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    let to = read_post(&mut stream).await?;
                    let status = if to.contains("/@connections/none ") {
                        "410 Gone"
                    } else {
                        count.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(delay).await;
                        "200 OK"
                    };
                    stream
                        .write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes())
                        .await
                        .ok()?;
                    read_post(&mut stream).await
                });
            }
        });
        Self { url, posts }
    }

    fn posts(&self) -> usize {
        self.posts.load(Ordering::Relaxed)
    }
}

/// Reads a request and returns its first line.
async fn read_post(stream: &mut TcpStream) -> Option<String> {
    let (mut stream, mut head) = (BufReader::new(stream), String::new());
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
    stream.read_exact(&mut vec![0; length]).await.ok()?;
    head.lines().next().map(str::to_owned)
}

/// Sends two messages to a device through this API.
async fn announce_two(api: &ConnectionsApi) {
    let stack = Setup::default().set("WEBSOCKET_ENDPOINT", &api.url).set("LOCAL_MAX_PROCESSES", 1).start();
    let chat = Chat::start(&stack).await;
    let _device = Socket::open_native(&stack, &chat.bob).await;
    let before = api.posts();
    for sent in 1..=2 {
        chat.say("Hello").await;
        assert_eq!(api.posts() - before, sent, "after {sent} messages");
    }
}

/// The time of this server is longer than an impatient client waits before it sends again.
#[tokio::test]
async fn an_event_that_is_accepted_late_is_sent_once() {
    if skip_on_deployed_stack() {
        return;
    }
    announce_two(&ConnectionsApi::start(Duration::from_millis(1300)).await).await;
}

#[tokio::test]
async fn an_event_reaches_its_device_if_the_connection_to_the_api_has_died() {
    if skip_on_deployed_stack() {
        return;
    }
    announce_two(&ConnectionsApi::start(Duration::ZERO).await).await;
}
