//! Clients that use several chats at the same time, while something fails.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use test_support::history::{Recorder, Window};
use test_support::linearizability::check_with_stale_reads;
use test_support::{Chat, RecordedClient, Reply, Socket, Stack};

use crate::{ANSWER, BACK};

/// The number of chats, each with its own two members.
const CHATS: usize = 2;

/// The things that must work: sends over HTTP and over a socket, reads, catching up, and live events.
const KINDS: [&str; 5] = ["send", "socket", "read", "sync", "event"];

/// The load, and what became of it.
pub(crate) struct Load<'a> {
    stack: &'a Stack,
    seed: u64,
    is_over: Cell<bool>,
    /// The latest instant at which an operation of each kind began that succeeded.
    successes: RefCell<BTreeMap<&'static str, Instant>>,
    /// The failures that clients saw, with their numbers.
    failures: RefCell<BTreeMap<String, usize>>,
    slowest: Cell<Duration>,
}

/// Lets clients use the stack while `fault` runs. It returns the instant at which its fault ended.
/// Checks that:
///
/// - all answers are in time, and failures are 503 in the form of the contract;
/// - everything works again within five seconds of the end;
/// - the history of each chat is linearizable, except that reads may be stale meanwhile. So every
///   acknowledged message is there, exactly once, at its position.
pub(crate) async fn under_load(stack: &Stack, name: &str, seed: u64, fault: impl AsyncFnOnce() -> Instant) {
    let load = Load {
        stack,
        seed,
        is_over: Cell::default(),
        successes: RefCell::default(),
        failures: RefCell::default(),
        slowest: Cell::default(),
    };
    let chats = join_all((0..CHATS).map(|_| Chat::start(stack))).await;
    let histories: Vec<_> = chats.iter().map(|_| Recorder::start()).collect();
    let clients =
        chats.iter().zip(&histories).zip(0..).map(|((chat, history), number)| load.chat(chat, history, number));
    let script = async {
        load.works_since(Instant::now(), Duration::from_secs(20)).await;
        a_while(&mut StdRng::seed_from_u64(seed)).await;
        let begun = Instant::now();
        let end = fault().await;
        let back = load.works_since(end, 3 * BACK).await;
        let stale = begun..Instant::now();
        load.works_since(Instant::now(), BACK).await;
        load.is_over.set(true);
        (back, stale)
    };
    let ((back, stale), _) = join(script, join_all(clients)).await;

    let histories = histories.into_iter().map(|history| {
        let stale = history.at(stale.start)..history.at(stale.end);
        (history.finish(), stale)
    });
    let histories: Vec<_> = histories.collect();
    let operations: usize = histories.iter().map(|(history, _)| history.len()).sum();
    println!("{name}: {operations} operations, back after {back:?}, slowest answer {:?}", load.slowest.get());
    for (failure, count) in load.failures.borrow().iter() {
        println!("{name}: {count} x {failure}");
    }
    for (history, stale) in histories {
        check_with_stale_reads(&history, stale).unwrap_or_else(|violation| panic!("FAULT_SEED={seed}: {violation}"));
    }
    for failure in load.failures.borrow().keys() {
        assert!(failure.starts_with("503 "), "FAULT_SEED={seed}: clients saw {failure}");
    }
    assert!(load.slowest.get() < ANSWER, "FAULT_SEED={seed}: an answer took {:?}", load.slowest.get());
    assert!(back < BACK, "FAULT_SEED={seed}: the service was back only after {back:?}");
}

impl Load<'_> {
    /// Uses one chat with all kinds of clients until the load is over, then reads all of it.
    async fn chat(&self, chat: &Chat, history: &Recorder, number: u64) {
        let known = |reply: &Reply| self.known(reply);
        let client = |name, user| RecordedClient { name, user, chat: &chat.id, history, known: &known };
        let random = |client: u64| StdRng::seed_from_u64(self.seed ^ (number * 100 + client));
        let mut watching = Socket::open_native(self.stack, &chat.bob).await;
        let mut sending = Socket::open_native(self.stack, &chat.ada).await;
        let senders = async {
            tokio::join!(
                self.repeat_sends(client("ada, who repeats", &chat.ada), random(1)),
                self.send_once(client("bob, who does not", &chat.bob), random(2)),
                self.send_over_socket(client("ada, on a socket", &chat.ada), &mut sending, random(3)),
            );
        };
        let readers = async {
            tokio::join!(
                self.follow(client("follower", &chat.bob), random(4)),
                self.jump(client("jumper", &chat.ada), random(5)),
                self.sync(client("device", &chat.bob), random(6)),
                self.watch(&mut watching),
            );
        };
        tokio::select! {
            () = senders => {}
            () = readers => unreachable!("the readers never end"),
        }
        client("the last reader", &chat.bob).read_everything().await;
    }

    /// Sends messages over HTTP, each of which is repeated until it is acknowledged.
    async fn repeat_sends(&self, client: RecordedClient<'_>, mut random: StdRng) {
        let mut number = 0;
        while !self.is_over.get() {
            number += 1;
            let text = format!("{}: {number}", client.name);
            let message = client.message(text.clone(), Some(text));
            while !self.timed("send", client.send(&message)).await {}
            pause(&mut random).await;
        }
    }

    /// Sends messages over HTTP without a key, and never repeats one.
    async fn send_once(&self, client: RecordedClient<'_>, mut random: StdRng) {
        let mut number = 0;
        while !self.is_over.get() {
            number += 1;
            let message = client.message(format!("{}: {number}", client.name), None);
            self.timed("send", client.send(&message)).await;
            pause(&mut random).await;
        }
    }

    /// Sends messages over a socket, each of which is repeated until it is acknowledged.
    async fn send_over_socket(&self, client: RecordedClient<'_>, socket: &mut Socket, mut random: StdRng) {
        let (mut number, mut ack_id) = (0, 0);
        while !self.is_over.get() {
            number += 1;
            let text = format!("{}: {number}", client.name);
            let message = client.message(text.clone(), Some(text));
            loop {
                ack_id += 1;
                let send = client.send_over(socket, &message, ack_id, |frame| self.known_frame(&frame));
                if self.timed("socket", send).await {
                    break;
                }
            }
            pause(&mut random).await;
        }
    }

    /// Reads forward. At the end it begins again, or waits for more.
    async fn follow(&self, client: RecordedClient<'_>, mut random: StdRng) {
        let mut position = 0;
        loop {
            let read = client.read(Window::After(position), random.random_range(1..=100));
            if let Some(page) = self.timed_value("read", read).await {
                let is_end = !page.has_more && random.random_bool(0.2);
                position = page.entries.last().map_or(position, |entry| entry.seq);
                position = if is_end { 0 } else { position };
            }
            pause(&mut random).await;
        }
    }

    /// Reads the newest messages or the last one.
    async fn jump(&self, client: RecordedClient<'_>, mut random: StdRng) {
        loop {
            if random.random() {
                self.timed("read", client.read(Window::Latest, random.random_range(1..=130))).await;
            } else {
                self.timed("read", client.read_last()).await;
            }
            pause(&mut random).await;
        }
    }

    /// Catches up, as a device does that names the last entry it holds.
    async fn sync(&self, client: RecordedClient<'_>, mut random: StdRng) {
        let mut held = 0;
        loop {
            if let Some(page) = self.timed_value("sync", client.sync(held, random.random_range(1..=130))).await {
                held = page.entries.last().map_or(held, |entry| entry.seq);
            }
            pause(&mut random).await;
        }
    }

    /// Receives events.
    async fn watch(&self, socket: &mut Socket) {
        loop {
            // An event shows that the push works, but not when its message was sent.
            let frame = socket.receive().await.unwrap();
            if frame["event"] == "entry" {
                self.successes.borrow_mut().insert("event", Instant::now());
            }
        }
    }

    async fn timed<T>(&self, kind: &'static str, operation: impl Future<Output = Option<T>>) -> bool {
        self.timed_value(kind, operation).await.is_some()
    }

    async fn timed_value<T>(&self, kind: &'static str, operation: impl Future<Output = Option<T>>) -> Option<T> {
        let start = Instant::now();
        let answer = operation.await;
        self.slowest.set(self.slowest.get().max(start.elapsed()));
        if answer.is_some() {
            self.successes.borrow_mut().insert(kind, Instant::now());
        }
        answer
    }

    /// Waits until everything has worked after `since`. Returns how long that took from then.
    async fn works_since(&self, since: Instant, limit: Duration) -> Duration {
        let all_work = || {
            let successes = self.successes.borrow();
            KINDS
                .iter()
                .map(|kind| successes.get(kind).copied().filter(|last| *last > since))
                .collect::<Option<Vec<_>>>()
        };
        loop {
            if all_work().is_some() {
                return since.elapsed();
            }
            if since.elapsed() > limit {
                let failures = self.failures.borrow();
                panic!("FAULT_SEED={}: not everything works: {:?}, {failures:?}", self.seed, self.successes.borrow());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn known(&self, reply: &Reply) -> Option<Value> {
        if reply.status == 200 {
            return Some(reply.expect(200));
        }
        self.fail(reply.status, &String::from_utf8_lossy(&reply.body));
        if reply.status == 503 {
            assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
            assert_eq!(reply.expect_error(503).code, "unavailable");
        }
        None
    }

    /// Returns the entry in the answer to a frame.
    fn known_frame(&self, frame: &Value) -> Option<Value> {
        if frame["event"] == "ack" {
            return Some(frame["entry"].clone());
        }
        self.fail(frame["status"].as_u64().unwrap() as u16, &frame["code"].to_string());
        None
    }

    fn fail(&self, status: u16, text: &str) {
        *self.failures.borrow_mut().entry(format!("{status} {text}")).or_default() += 1;
    }
}

/// Lets clients go on for a random time.
pub(crate) async fn a_while(random: &mut StdRng) {
    tokio::time::sleep(Duration::from_millis(random.random_range(500..2500))).await;
}

/// Leaves the machine some time for the others.
async fn pause(random: &mut StdRng) {
    tokio::time::sleep(Duration::from_millis(random.random_range(0..40))).await;
}
