//! Processes of functions that stop, whose clocks are wrong, or whose connections are dead.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mongodb::bson::DateTime;
use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::{
    Chat, Moment, Proxy, Reply, Setup, Socket, Template, binaries, new_database_at, shared, skip_on_deployed_stack,
    temporary_folder,
};

use crate::steps::{RawSocket, Steps};
use crate::{ANSWER, BACK};

/// The timeout of a function, plus a second for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(11);

#[tokio::test]
async fn a_function_that_stops_is_answered_for_and_replaced() {
    let Some(steps) = Steps::start() else { return };
    let chat = Chat::start(&steps.stack).await;
    steps.strike("send-message", 1, Moment::After, Signal::STOP);

    let start = Instant::now();
    let reply = chat.ada.browser.post("/api/sendMessage", chat.by_ada_once("Hello", "1")).await;

    assert!(steps.database.remove_trap());
    assert!(matches!(reply.status, 500..), "a stopped function is answered with {}", reply.status);
    assert!(start.elapsed() < TIMEOUT, "the answer took {:?}", start.elapsed());
    let start = Instant::now();
    let repeated = chat.ada.browser.post("/api/sendMessage", chat.by_ada_once("Hello", "1")).await.expect(200);
    assert!(start.elapsed() < BACK, "the next answer took {:?}", start.elapsed());
    assert_eq!(repeated["data"]["seq"], 1);
    assert_eq!(chat.numbers(&[]).await, (vec![1], false));
}

#[tokio::test]
async fn a_frame_whose_function_stops_is_answered_for() {
    let Some(steps) = Steps::start() else { return };
    let chat = Chat::start(&steps.stack).await;
    let mut ada = RawSocket::open_native(&steps.stack, &chat.ada).await;
    let message = json!({ "action": "sendMessage", "chatId": chat.id, "message": "Hello", "clientId": "1" });
    steps.strike("send-message-action", 1, Moment::Before, Signal::STOP);

    let start = Instant::now();
    let answer = ada.ask(message.clone()).await;

    assert!(steps.database.remove_trap());
    assert!(answer["requestId"].is_string(), "{answer}");
    assert!(start.elapsed() < TIMEOUT, "the answer took {:?}", start.elapsed());
    assert_eq!(ada.expect_ack(message).await["entry"]["seq"], 1);
    assert_eq!(chat.numbers(&[]).await, (vec![1], false));
}

/// A library that shifts the wall clock of a process that loads it first.
const SHIFTED_CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    if (clock == CLOCK_REALTIME) time->tv_sec += atoi(getenv("CLOCK_OFFSET"));
    return result;
}
"#;

/// Creates a folder with a program for each function. Processes of these functions have clocks that are
/// five minutes ahead, five minutes behind, or right, in turn; the others are right.
fn functions_with_wrong_clocks(folder: &Path, wrong: &[&str]) {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    fs::write(&source, SHIFTED_CLOCK).unwrap();
    let compiler = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    assert!(compiler.unwrap().success());
    for function in &Template::read().functions {
        let (program, link) = (binaries().join(&function.binary), folder.join(&function.binary));
        if !wrong.contains(&function.binary.as_str()) {
            std::os::unix::fs::symlink(&program, &link).unwrap();
            continue;
        }
        let script = format!(
            "#!/bin/sh\nexport LD_PRELOAD={} CLOCK_OFFSET=$((($$ % 3 - 1) * 300))\nexec {}\n",
            library.display(),
            program.display(),
        );
        fs::write(&link, script).unwrap();
        fs::set_permissions(&link, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// The times of entries come from the database. Codes and tickets are left out: they live for less than
/// the difference of the clocks.
#[tokio::test]
async fn messages_are_accepted_and_ordered_by_functions_whose_clocks_are_wrong() {
    if skip_on_deployed_stack() {
        return;
    }
    let folder = temporary_folder();
    let wrong = ["send-message", "send-message-action", "get-chat", "sync", "receipt", "last-message", "user-details"];
    functions_with_wrong_clocks(folder.path(), &wrong);
    let stack = Setup::default().set("LOCAL_BINARIES", folder.path().display()).start();
    let chat = Chat::start(&stack).await;
    let mut ada = RawSocket::open_native(&stack, &chat.ada).await;
    let mut bob = Socket::open_native(&stack, &chat.bob).await;
    let start = DateTime::now().timestamp_millis();

    // As many at a time as there may be processes.
    for _ in 0..5 {
        chat.fill(8).await;
    }
    for number in 0..5 {
        let frame = json!({
            "action": "sendMessage", "chatId": chat.id, "message": "Hello", "clientId": number.to_string(),
        });
        ada.expect_ack(frame).await;
    }

    let body = chat.read(&chat.bob.browser, &[("limit", "1000")]).await.expect(200);
    let messages = body["data"]["chats"].as_array().unwrap();
    let seqs: Vec<_> = messages.iter().map(|message| message["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, (1..=45).collect::<Vec<_>>());
    let times: Vec<_> = messages.iter().map(|message| millis(&message["sendTime"])).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.iter().all(|time| (time - start).abs() < 60_000), "{times:?} since {start}");
    let mut received = Vec::new();
    while received.len() < 45 {
        received.push(bob.expect_entry(&chat.id).await["seq"].as_i64().unwrap());
    }
    received.sort_unstable();
    assert_eq!(received, seqs);
    chat.bob.browser.post("/api/receipt", json!({ "chatId": chat.id, "read": 45 })).await.expect(200);
    let synced = chat.bob.browser.post("/api/sync", json!({ "chats": { &chat.id: 40 } })).await.expect(200);
    assert_eq!(synced["chats"][0]["entries"].as_array().unwrap().len(), 5);
}

fn millis(time: &Value) -> i64 {
    DateTime::parse_rfc3339_str(time.as_str().unwrap()).unwrap().timestamp_millis()
}

/// As a firewall does with idle connections, or a host that is gone: bytes vanish and nobody is told.
#[tokio::test]
async fn connections_to_the_database_that_are_dead_are_replaced() {
    if skip_on_deployed_stack() {
        return;
    }
    let proxy = Proxy::start_before(shared().mongod());
    let stack = Setup::default().set("DATABASE_URL", new_database_at(proxy.address)).start();
    let chat = Chat::start(&stack).await;
    let mut ada = RawSocket::open_native(&stack, &chat.ada).await;
    let frame = |key: &str| json!({ "action": "sendMessage", "chatId": chat.id, "message": "Hello", "clientId": key });
    chat.say("first").await;
    ada.expect_ack(frame("second")).await;
    chat.numbers(&[]).await;

    proxy.strand();
    let dead = Instant::now();
    let requests = async {
        let send = || chat.ada.browser.post("/api/sendMessage", chat.by_ada_once("third", "third"));
        let read = || chat.read(&chat.bob.browser, &[]);
        tokio::join!(expect_second(send), expect_second(read));
    };
    let frames = async {
        while ada.ask(frame("fourth")).await["event"] != "ack" {
            assert!(dead.elapsed() < 2 * ANSWER, "frames are refused for {:?}", dead.elapsed());
        }
    };
    tokio::join!(requests, frames);

    println!("everything works {:?} after the connections died", dead.elapsed());
    assert_eq!(chat.numbers(&[]).await, ((1..=4).collect(), false));
    join_all((0..8).map(|_| chat.numbers(&[]))).await;
}

/// Checks that the first request is answered in time, and the second one with success.
async fn expect_second<F: Future<Output = Reply>>(request: impl Fn() -> F) {
    let start = Instant::now();
    let reply = request().await;
    assert!(start.elapsed() < ANSWER, "the answer took {:?}", start.elapsed());
    if reply.status != 200 {
        reply.expect_code(503, "unavailable");
        request().await.expect(200);
    }
}
