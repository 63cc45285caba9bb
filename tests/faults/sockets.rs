//! Clients that are silent, that do not read, and that lose the gateway.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Url;
use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::history::{Entry, Message, Recorder};
use test_support::linearizability::check;
use test_support::{
    Chat, Handshake, Proxy, RecordedClient, Reply, Setup, Socket, Stack, new_database_at, shared,
    skip_on_deployed_stack, temporary_folder,
};

use crate::{ANSWER, seeds};

/// The time that an event may take on a busy machine.
const EVENT: Duration = Duration::from_secs(2);

/// The largest text, in the largest encoding.
fn longest_text() -> String {
    "\u{1F600}".repeat(4096)
}

/// Returns a native socket of Bob that connects through a proxy.
async fn through(proxy: &Proxy, stack: &Stack, chat: &Chat) -> Socket {
    let handshake = Handshake::with_ticket(stack, &chat.bob, &chat.bob.browser).await.query("v", "2");
    Socket::open_with(handshake.through(proxy.address)).await
}

fn websocket_address(stack: &Stack) -> SocketAddr {
    let url: Url = stack.websocket.parse().unwrap();
    let addresses = url.socket_addrs(|| None).unwrap();
    addresses.into_iter().find(SocketAddr::is_ipv4).unwrap()
}

/// Receives the next entry and returns its `seq`.
async fn receive_entry(socket: &mut Socket) -> i64 {
    loop {
        let frame = socket.receive().await.unwrap();
        if frame["event"] == "entry" {
            return frame["entry"]["seq"].as_i64().unwrap();
        }
    }
}

/// Receives entries until `count` are there. They may arrive in another order, and twice.
async fn receive_entries(socket: &mut Socket, count: usize) {
    let mut seqs = BTreeSet::new();
    while seqs.len() < count {
        seqs.insert(receive_entry(socket).await);
    }
}

/// Receives entries until the future is dropped.
async fn receive_all(socket: &mut Socket, seqs: &mut BTreeSet<i64>) {
    loop {
        seqs.insert(receive_entry(socket).await);
    }
}

/// Sends a message, which must be stored in time.
async fn send_in_time(chat: &Chat, text: &str) {
    let start = Instant::now();
    chat.say(text).await;
    assert!(start.elapsed() < ANSWER, "a send took {:?}", start.elapsed());
}

#[tokio::test]
async fn devices_that_are_silently_gone_do_not_delay_the_others() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let chat = Chat::start(&stack).await;
    let proxy = Proxy::start_before(websocket_address(&stack));
    let mut dead = Vec::new();
    let mut alive = Vec::new();
    for _ in 0..4 {
        dead.push(through(&proxy, &stack, &chat).await);
        alive.push(Socket::open_native(&stack, &chat.bob).await);
        alive.push(Socket::open_native(&stack, &chat.bob).await);
    }
    for cut in [Proxy::hang, Proxy::refuse] {
        cut(&proxy);
        let start = Instant::now();
        let send = async {
            for number in 0..10 {
                send_in_time(&chat, &number.to_string()).await;
            }
        };
        join(send, join_all(alive.iter_mut().map(|socket| receive_entries(socket, 10)))).await;
        println!("10 messages took {:?}", start.elapsed());
        assert!(start.elapsed() < ANSWER, "10 messages took {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_device_that_does_not_read_does_not_delay_the_others() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let chat = Chat::start(&stack).await;
    let _full = Socket::open_native(&stack, &chat.bob).await;
    let mut reading = Socket::open_native(&stack, &chat.bob).await;
    let (text, count) = (longest_text(), Cell::new(0));
    let is_full = || stack.output.mentions("push failed");

    // The buffers of a TCP connection hold some megabytes.
    let lanes = (0..8).map(|_| async {
        while !is_full() {
            count.set(count.get() + 1);
            assert!(count.get() < 2000, "the buffers are not full");
            send_in_time(&chat, &text).await;
        }
    });
    let mut received = BTreeSet::new();
    tokio::select! {
        _ = join_all(lanes) => {}
        () = receive_all(&mut reading, &mut received) => unreachable!("it never ends"),
    }
    println!("{} messages of 16 KiB filled the buffers", count.get());

    while received.len() < count.get() {
        received.insert(receive_entry(&mut reading).await);
    }
    for _ in 0..5 {
        let start = Instant::now();
        let receive = async {
            while !received.insert(receive_entry(&mut reading).await) {}
            start.elapsed()
        };
        let ((), delay) = join(send_in_time(&chat, "to a full device"), receive).await;
        assert!(delay < EVENT, "an event took {delay:?}");
    }
}

/// Kills the stack, and starts it again with the same database and ports, while clients send.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_gateway_is_started_again() {
    if skip_on_deployed_stack() {
        return;
    }
    let folder = temporary_folder();
    let url = new_database_at(shared().mongod());
    let start = |port: u16| {
        let setup = Setup::default().keeping_data_in(folder.path()).set("DATABASE_URL", &url);
        setup.set("APP_PORT", port).start()
    };
    for seed in seeds() {
        let mut random = StdRng::seed_from_u64(seed);
        let stack = start(0);
        let port = stack.http.parse::<Url>().unwrap().port().unwrap();
        let chat = Chat::start(&stack).await;
        let mut bob = Socket::open_native(&stack, &chat.bob).await;
        let history = Recorder::start();
        let stop = Cell::new(false);

        let senders = join_all(["one", "two", "three"].map(async |name| {
            let mut number = 0;
            while !stop.get() {
                number += 1;
                let key = format!("{name}: {number}");
                let message = Message { by: chat.ada.id.clone(), text: key.clone(), key: Some(key) };
                while history.send(name, &message, try_send(&chat, &message)).await.is_none() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            number
        }));
        let restart = async {
            tokio::time::sleep(Duration::from_millis(random.random_range(500..1500))).await;
            tokio::task::spawn_blocking(move || stack.end_by(Signal::KILL)).await.unwrap();
            // The first device has lost its connection, and learns that.
            while bob.receive().await.is_some() {}
            let stack = tokio::task::block_in_place(|| start(port));
            let mut bob = Socket::open_native(&stack, &chat.bob).await;
            receive_entries(&mut bob, 20).await;
            stop.set(true);
            stack
        };
        let (sent, _stack) = join(senders, restart).await;

        let known = |reply: &Reply| Some(reply.expect(200));
        let (name, user) = ("the last reader", &chat.bob);
        RecordedClient { name, user, chat: &chat.id, history: &history, known: &known }.read_everything().await;
        let sent: i64 = sent.into_iter().sum();
        let synced = chat.bob.browser.post("/api/sync", json!({ "chats": { &chat.id: 0 } })).await.expect(200);
        assert_eq!(synced["chats"][0]["lastSeq"], sent);
        check(&history.finish()).unwrap_or_else(|violation| panic!("FAULT_SEED={seed}: {violation}"));
    }
}

/// Sends a message to an API that may be down, or whose functions are killed.
async fn try_send(chat: &Chat, message: &Message) -> Option<Entry> {
    let key = message.key.as_deref().unwrap();
    let reply = chat.ada.browser.try_post("/api/sendMessage", chat.by_ada_once(&message.text, key)).await?;
    let body: Value = if matches!(reply.status, 500..) { return None } else { reply.expect(200) };
    Some(Entry::from_message(&body["data"]))
}
