//! Histories of one chat: concurrent sends and reads are linearizable, even if functions are killed.

use std::env;

use futures_util::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use test_support::history::{Call, Operation, Recorder, Window};
use test_support::linearizability::check;
use test_support::{Chat, RecordedClient, Reply, Setup, keep_killing, seed, skip_on_deployed_stack};

/// The number of entries in an archive.
const PAGE: i64 = 64;

/// Kills function processes at random instants while four clients send and six read. The history is
/// checked as a whole: [`test_support::linearizability`] says for what.
///
/// `HISTORY_SEED` repeats a run. `HISTORY_SENDS` is the number of messages per sender, for a long run:
/// `HISTORY_SENDS=2000 cargo test --workspace histories`.
#[tokio::test]
async fn a_chat_is_linearizable_when_functions_are_killed() {
    if skip_on_deployed_stack() {
        return;
    }
    let seed = seed("HISTORY_SEED");
    let sends = env::var("HISTORY_SENDS").map_or(60, |sends| sends.parse().unwrap());
    let stack = Setup::default().start();
    let chat = Chat::start(&stack).await;
    let history = Recorder::start();
    let client = |name, user| RecordedClient { name, user, chat: &chat.id, history: &history, known: &known };
    let random = |number| StdRng::seed_from_u64(seed ^ number);

    let senders = async {
        let repeating = [client("ada, who repeats", &chat.ada), client("bob, who repeats", &chat.bob)];
        let hasty = [client("ada, who does not", &chat.ada), client("bob, who does not", &chat.bob)];
        let repeating = repeating.map(|client| send_until_answered(client, sends));
        join(join_all(repeating), join_all(hasty.map(|client| send_without_repeats(client, sends)))).await;
    };
    let readers = async {
        let [follower, pager, jumper] = ["follower", "pager", "jumper"].map(|name| client(name, &chat.bob));
        let [newest, last, device] = ["newest", "last", "device"].map(|name| client(name, &chat.ada));
        tokio::join!(
            follow(follower, random(1)),
            page_backward(pager, random(2)),
            jump(jumper, random(3)),
            read_the_newest(newest, random(4)),
            read_the_last(last),
            sync(device, random(5)),
        );
    };
    let functions = ["send-message", "get-chat", "last-message", "sync"];
    tokio::select! {
        () = senders => {}
        () = readers => unreachable!("the readers never end"),
        never = keep_killing(&stack, &functions, random(0)) => match never {},
    }
    client("the last reader", &chat.bob).read_everything().await;

    let history = history.finish();
    println!("{}", summary(&history));
    check(&history).unwrap_or_else(|violation| panic!("HISTORY_SEED={seed}: {violation}"));
}

/// Sends messages, each of which is repeated until it is acknowledged.
async fn send_until_answered(client: RecordedClient<'_>, count: usize) {
    for number in 0..count {
        let text = format!("{}: {number}", client.name);
        let message = client.message(text.clone(), Some(text));
        while client.send(&message).await.is_none() {}
    }
}

/// Sends messages and ignores whether they were stored.
async fn send_without_repeats(client: RecordedClient<'_>, count: usize) {
    for number in 0..count {
        client.send(&client.message(format!("{}: {number}", client.name), None)).await;
    }
}

/// Reads forward, a page after the other. At the end it waits for more, or begins again.
async fn follow(client: RecordedClient<'_>, mut random: StdRng) {
    let mut position = 0;
    loop {
        let Some(page) = client.read(Window::After(position), random.random_range(1..=100)).await else { continue };
        if page.has_more || random.random_bool(0.8) {
            position = page.entries.last().map_or(position, |entry| entry.seq);
        } else {
            position = 0;
        }
    }
}

/// Reads backward from the newest message to the first one, again and again.
async fn page_backward(client: RecordedClient<'_>, mut random: StdRng) {
    let mut window = Window::Latest;
    loop {
        let Some(page) = client.read(window, random.random_range(1..=100)).await else { continue };
        window = match page.entries.first() {
            Some(first) if page.has_more => Window::Before(first.seq),
            _ => Window::Latest,
        };
    }
}

/// Reads in both directions from positions near the borders of archives, some of which do not exist
/// yet.
async fn jump(client: RecordedClient<'_>, mut random: StdRng) {
    let mut newest = 0;
    loop {
        let border = PAGE * random.random_range(0..=newest / PAGE + 1);
        let position = (border + random.random_range(-3..=3)).max(0);
        let window = if random.random() { Window::After(position) } else { Window::Before(position) };
        let page = client.read(window, random.random_range(1..=130)).await;
        let last = page.and_then(|page| page.entries.last().map(|entry| entry.seq));
        newest = newest.max(last.unwrap_or_default());
    }
}

/// Reads the newest messages, again and again.
async fn read_the_newest(client: RecordedClient<'_>, mut random: StdRng) {
    loop {
        client.read(Window::Latest, random.random_range(1..=200)).await;
    }
}

/// Catches up, as a device does that names the last entry it holds. At the end it begins again.
async fn sync(client: RecordedClient<'_>, mut random: StdRng) {
    let mut held = 0;
    loop {
        let Some(page) = client.sync(held, random.random_range(1..=130)).await else { continue };
        held = match page.entries.last() {
            Some(last) => last.seq,
            None if random.random_bool(0.2) => 0,
            None => held,
        };
    }
}

/// Reads the last message, again and again.
async fn read_the_last(client: RecordedClient<'_>) {
    loop {
        client.read_last().await;
    }
}

/// Returns the body of a reply, or `None` if it leaves open what happened: the gateway answers for a
/// function that is killed with 500.
fn known(reply: &Reply) -> Option<Value> {
    if matches!(reply.status, 500 | 503) { None } else { Some(reply.expect(200)) }
}

/// Returns the numbers of operations, and of those without an answer.
fn summary(history: &[Operation]) -> String {
    let count = |matches: fn(&Call) -> bool| history.iter().filter(|operation| matches(&operation.call)).count();
    format!(
        "{} sends, {} without an answer; {} reads, {} without an answer",
        count(|call| matches!(call, Call::Send(..))),
        count(|call| matches!(call, Call::Send(_, None))),
        count(|call| matches!(call, Call::Read(..))),
        count(|call| matches!(call, Call::Read(_, None))),
    )
}
