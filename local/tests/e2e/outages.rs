//! The database and the mail server away, and back again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{
    Browser, Chat, Handshake, Proxy, Reply, Setup, Socket, Stack, left_out, new_database_at, new_email, shared, unique,
};

/// The five seconds of the contract, and one for a busy machine.
const SOON: Duration = Duration::from_secs(6);

/// Checks that a request was answered for in time, and without saying what is behind the API.
#[track_caller]
fn expect_unavailable(reply: &Reply, since: Instant) {
    let message = reply.expect_error(503);
    assert!(since.elapsed() < SOON, "after {:?}", since.elapsed());
    assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    for secret in ["mongo", "smtp", "127.0.0.1", "localhost"] {
        assert!(!message.to_lowercase().contains(secret), "{message}");
    }
}

/// A stack whose database is behind a proxy.
fn stack_behind(proxy: &Proxy) -> Stack {
    Setup::default().set("DATABASE_URL", new_database_at(proxy.address)).start()
}

/// The requests to try during an outage; the last one comes to a function that was not used before.
async fn ask_everything(chat: &Chat) -> Vec<Reply> {
    let browser = &chat.ada.browser;
    let (send, member) = (chat.by_ada_once("Hello", "1"), [("chatId", chat.id.as_str())]);
    let ask = async |number| match number {
        0 => browser.get("/api/users").await,
        1 => browser.get("/api/userDetails").await,
        2 => browser.query("/api/getChat", &member).await,
        3 => browser.get("/api/refresh").await,
        4 => browser.post("/api/sendMessage", send.clone()).await,
        _ => browser.query("/api/lastMessage", &member).await,
    };
    join_all((0..6).map(ask)).await
}

/// Takes the database away by `fail`, and back.
async fn database_fails(fail: impl Fn(&Proxy)) {
    let proxy = Proxy::to(shared().mongod());
    let stack = stack_behind(&proxy);
    let chat = Chat::start(&stack).await;
    let mut socket = Socket::in_room(&stack, &chat.ada, &chat.ada.browser, &chat.id).await;
    let cookies = chat.ada.browser.cookies();
    chat.say("before").await;
    assert_eq!(chat.numbers(&[]).await, (vec![1], false));

    fail(&proxy);
    let start = Instant::now();
    for reply in ask_everything(&chat).await {
        expect_unavailable(&reply, start);
    }
    let start = Instant::now();
    socket.send(json!({ "action": "chatsend", "chatId": chat.id, "message": "Hello" })).await;
    socket.expect_error("chatsend", 503).await;
    assert!(start.elapsed() < SOON, "the socket hears of it after {:?}", start.elapsed());
    assert_eq!(Handshake::of(&stack, &chat.ada).header("cookie", &cookies).refusal().await, 503);

    proxy.recover();
    for reply in ask_everything(&chat).await {
        reply.expect(200);
    }
    socket.expect_silence().await;
    assert_eq!(chat.numbers(&[]).await, (vec![1, 2], false));
}

#[tokio::test]
async fn a_database_that_refuses_is_reported_and_found_again() {
    if left_out() {
        return;
    }
    database_fails(Proxy::refuse).await;
}

#[tokio::test]
async fn a_database_that_hangs_is_reported_and_found_again() {
    if left_out() {
        return;
    }
    database_fails(Proxy::hang).await;
}

/// Takes the mail server away by `fail`, and back.
async fn mail_fails(fail: impl Fn(&Proxy), times: usize) {
    let proxy = Proxy::new();
    let stack = stack_mailing_over(proxy.address);
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
    // What hung may be mailed after all, before or after the code that counts.
    for otp in stack.mailed_codes(&email).await {
        statuses.push(browser.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await.status);
    }
    assert!(statuses.contains(&200), "the mailed codes are answered with {statuses:?}");
}

fn stack_mailing_over(address: SocketAddr) -> Stack {
    Setup::default().set("EMAIL_SERVICE_URL", format!("smtp://{address}")).start()
}

#[tokio::test]
async fn a_mail_server_that_refuses_costs_no_free_code() {
    if left_out() {
        return;
    }
    mail_fails(Proxy::refuse, 5).await;
}

#[tokio::test]
async fn a_mail_server_that_hangs_is_reported_and_found_again() {
    if left_out() {
        return;
    }
    mail_fails(Proxy::hang, 1).await;
}

#[tokio::test]
async fn a_message_sent_during_an_outage_is_stored_once() {
    if left_out() {
        return;
    }
    let proxy = Proxy::to(shared().mongod());
    let stack = stack_behind(&proxy);
    let (chat, client_id) = (Chat::start(&stack).await, unique("send-"));
    let message = chat.by_ada_once("Hello", &client_id);
    chat.say("before").await;

    proxy.hang();
    chat.ada.browser.post("/api/sendMessage", message.clone()).await.expect_error(503);
    proxy.recover();
    let repeated = chat.ada.browser.post("/api/sendMessage", message.clone()).await.expect(200);
    let again = chat.ada.browser.post("/api/sendMessage", message).await.expect(200);

    assert_eq!(repeated, again);
    assert_eq!(chat.numbers(&[]).await, (vec![1, 2], false));
}
