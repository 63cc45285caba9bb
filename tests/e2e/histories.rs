//! Histories of one chat: concurrent sends and reads are linearizable, even if functions are killed.

use std::env;

use futures_util::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use test_support::history::{Call, Entry, Message, Operation, Page, Recorder, Window};
use test_support::linearizability::check;
use test_support::{Browser, Chat, Reply, Setup, User, keep_killing, seed, skip_on_deployed_stack};

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
    let client = |name, user| Client { name, user, chat: &chat, history: &history };
    let random = |number| StdRng::seed_from_u64(seed ^ number);

    let senders = async {
        let repeating = [client("ada, who repeats", &chat.ada), client("bob, who repeats", &chat.bob)];
        let hasty = [client("ada, who does not", &chat.ada), client("bob, who does not", &chat.bob)];
        let repeating = repeating.iter().map(|client| client.send_until_answered(sends));
        join(join_all(repeating), join_all(hasty.iter().map(|client| client.send_without_repeats(sends)))).await;
    };
    let readers = async {
        let [follower, pager, jumper] = ["follower", "pager", "jumper"].map(|name| client(name, &chat.bob));
        let [newest, last, device] = ["newest", "last", "device"].map(|name| client(name, &chat.ada));
        tokio::join!(
            follower.follow(random(1)),
            pager.page_backward(random(2)),
            jumper.jump(random(3)),
            newest.read_the_newest(random(4)),
            last.read_the_last(),
            device.sync(random(5)),
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

/// A client whose operations are recorded.
struct Client<'a> {
    name: &'static str,
    user: &'a User,
    chat: &'a Chat,
    history: &'a Recorder,
}

impl Client<'_> {
    /// Sends messages, each of which is repeated until it is acknowledged.
    async fn send_until_answered(&self, count: usize) {
        for number in 0..count {
            let text = format!("{}: {number}", self.name);
            let message = self.message(text.clone(), Some(text));
            while self.send(&message).await.is_none() {}
        }
    }

    /// Sends messages and ignores whether they were stored.
    async fn send_without_repeats(&self, count: usize) {
        for number in 0..count {
            self.send(&self.message(format!("{}: {number}", self.name), None)).await;
        }
    }

    /// Reads forward, a page after the other. At the end it waits for more, or begins again.
    async fn follow(&self, mut random: StdRng) {
        let mut position = 0;
        loop {
            let Some(page) = self.read(Window::After(position), random.random_range(1..=100)).await else { continue };
            if page.has_more || random.random_bool(0.8) {
                position = page.entries.last().map_or(position, |entry| entry.seq);
            } else {
                position = 0;
            }
        }
    }

    /// Reads backward from the newest message to the first one, again and again.
    async fn page_backward(&self, mut random: StdRng) {
        let mut window = Window::Latest;
        loop {
            let Some(page) = self.read(window, random.random_range(1..=100)).await else { continue };
            window = match page.entries.first() {
                Some(first) if page.has_more => Window::Before(first.seq),
                _ => Window::Latest,
            };
        }
    }

    /// Reads in both directions from positions near the borders of archives, some of which do not exist
    /// yet.
    async fn jump(&self, mut random: StdRng) {
        let mut newest = 0;
        loop {
            let border = PAGE * random.random_range(0..=newest / PAGE + 1);
            let position = (border + random.random_range(-3..=3)).max(0);
            let window = if random.random() { Window::After(position) } else { Window::Before(position) };
            let page = self.read(window, random.random_range(1..=130)).await;
            let last = page.and_then(|page| page.entries.last().map(|entry| entry.seq));
            newest = newest.max(last.unwrap_or_default());
        }
    }

    /// Reads the newest messages, again and again.
    async fn read_the_newest(&self, mut random: StdRng) {
        loop {
            self.read(Window::Latest, random.random_range(1..=200)).await;
        }
    }

    /// Catches up, as a device does that names the last entry it holds. At the end it begins again.
    async fn sync(&self, mut random: StdRng) {
        let mut held = 0;
        loop {
            let body = serde_json::json!({ "chats": { &self.chat.id: held }, "limit": random.random_range(1..=130) });
            let request = async {
                let reply = self.browser().post("/api/sync", body).await;
                known(&reply).map(|body| Page::from_sync(&body))
            };
            let Some(page) = self.history.read(self.name, Window::After(held), request).await else { continue };
            held = match page.entries.last() {
                Some(last) => last.seq,
                None if random.random_bool(0.2) => 0,
                None => held,
            };
        }
    }

    /// Reads the last message, again and again.
    async fn read_the_last(&self) {
        loop {
            let request = async {
                let reply = self.browser().query("/api/lastMessage", &[("chatId", &self.chat.id)]).await;
                known(&reply).map(|body| Page::from_last(&body))
            };
            self.history.read(self.name, Window::Latest, request).await;
        }
    }

    /// Reads the whole chat, so that the history tells the entry at each position.
    async fn read_everything(&self) {
        let mut position = 0;
        loop {
            let Some(page) = self.read(Window::After(position), 1000).await else { continue };
            position = page.entries.last().map_or(position, |entry| entry.seq);
            if !page.has_more {
                return;
            }
        }
    }

    fn message(&self, text: String, key: Option<String>) -> Message {
        Message { by: self.user.id.clone(), text, key }
    }

    async fn send(&self, message: &Message) -> Option<Entry> {
        let request = async {
            let Message { by, text, key } = message;
            let mut body = serde_json::json!({ "chatId": self.chat.id, "userId": by, "message": text });
            if let Some(key) = key {
                body["clientId"] = key.as_str().into();
            }
            let reply = self.browser().post("/api/sendMessage", body).await;
            known(&reply).map(|body| Entry::from_message(&body["data"]))
        };
        self.history.send(self.name, message, request).await
    }

    async fn read(&self, window: Window, limit: usize) -> Option<Page> {
        let limit = limit.to_string();
        let (before, after) = match window {
            Window::Latest => (None, None),
            Window::Before(seq) => (Some(seq.to_string()), None),
            Window::After(seq) => (None, Some(seq.to_string())),
        };
        let mut parameters = vec![("limit", limit.as_str())];
        parameters.extend(before.as_deref().map(|seq| ("before", seq)));
        parameters.extend(after.as_deref().map(|seq| ("after", seq)));
        let request = async {
            let reply = self.chat.read(self.browser(), &parameters).await;
            known(&reply).map(|body| Page::from_chat(&body))
        };
        self.history.read(self.name, window, request).await
    }

    fn browser(&self) -> &Browser {
        &self.user.browser
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
