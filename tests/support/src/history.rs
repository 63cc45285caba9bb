//! Histories: what clients did at the same time to one chat, and what they were answered.

use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A message as its sender knows it.
///
/// A message without a `key` is sent once, and its text differs from all others in the history.
/// Otherwise, nobody could tell which of two sends an entry comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// The id of the sender.
    pub by: String,
    /// The text.
    pub text: String,
    /// The `clientId`, which makes it safe to repeat the send.
    pub key: Option<String>,
}

/// An entry of the chat, as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The position in the chat: 1, 2, 3 …
    pub seq: i64,
    /// The id of the entry.
    pub id: String,
    /// The time at which it was appended.
    pub at: String,
    /// The message.
    pub message: Message,
}

impl Entry {
    /// Reads a message as `sendMessage`, `getChat` and `lastMessage` show it.
    pub fn from_message(message: &Value) -> Self {
        let text = |name: &str| message[name].as_str().map(str::to_owned);
        let [id, at, by, content] = ["_id", "sendTime", "sendBy", "message"].map(|name| text(name).unwrap());
        let message_of_sender = Message { by, text: content, key: text("clientId") };
        Self { seq: message["seq"].as_i64().unwrap(), id, at, message: message_of_sender }
    }
}

/// The part of the chat that a client reads.
#[derive(Clone, Copy, Debug)]
pub enum Window {
    /// The newest entries.
    Latest,
    /// The newest entries with a smaller `seq`.
    Before(i64),
    /// The oldest entries with a larger `seq`.
    After(i64),
}

/// The entries that a read returned, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Whether there are more in the direction that was read.
    pub has_more: bool,
}

impl Page {
    /// Reads the body of `getChat`.
    pub fn from_chat(body: &Value) -> Self {
        let entries = body["data"]["chats"].as_array().unwrap().iter().map(Entry::from_message).collect();
        Self { entries, has_more: body["hasMore"].as_bool().unwrap() }
    }

    /// Reads the body of `sync`, which has no chat if there is nothing new.
    pub fn from_sync(body: &Value) -> Self {
        let Some(chat) = body["chats"].as_array().unwrap().first() else {
            return Self { entries: Vec::new(), has_more: false };
        };
        let entries = chat["entries"].as_array().unwrap().iter().map(Entry::from_message).collect();
        Self { entries, has_more: chat["more"].as_bool().unwrap() }
    }

    /// Reads the body of `lastMessage`, which shows that there are more by the `seq`.
    pub fn from_last(body: &Value) -> Self {
        let last = body["data"]["chats"].as_array().unwrap().iter().map(Entry::from_message).next();
        Self { has_more: last.as_ref().is_some_and(|entry| entry.seq > 1), entries: last.into_iter().collect() }
    }
}

/// A send or a read.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The name of the client.
    pub client: String,
    /// The instant at which the client began, since the start of the history.
    pub invoked: Duration,
    /// The call and its answer.
    pub call: Call,
}

/// A call and its answer, which is `None` if it was lost, or if it was an error that leaves open
/// whether the operation had an effect or will have one.
#[derive(Clone, Debug)]
pub enum Call {
    /// A send. The answer is the entry that was stored, now or by an earlier send of the same message.
    Send(Message, Option<Answer<Entry>>),
    /// A read.
    Read(Window, Option<Answer<Page>>),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// The instant at which the client had it, since the start of the history.
    pub at: Duration,
    /// Its content.
    pub content: T,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, invoked, call } = self;
        write!(f, "{client}, {} to ", millis(*invoked))?;
        match call {
            Call::Send(Message { text, key, .. }, answer) => {
                let key = key.as_ref().map_or_else(String::new, |key| format!(" with the key {key:?}"));
                match answer {
                    Some(Answer { at, content }) => write!(f, "{}: send {text:?}{key} -> {}", millis(*at), content.seq),
                    None => write!(f, "?: send {text:?}{key} -> no answer"),
                }
            }
            Call::Read(window, Some(Answer { at, content })) => {
                write!(f, "{}: read {window:?} -> {content}", millis(*at))
            }
            Call::Read(window, None) => write!(f, "?: read {window:?} -> no answer"),
        }
    }
}

impl fmt::Display for Page {
    /// Writes the `seq` of each entry, consecutive ones as a range.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = self.entries.chunk_by(|one, next| one.seq + 1 == next.seq);
        let ranges = ranges.map(|range| format!("{}..={}", range[0].seq, range[range.len() - 1].seq));
        write!(f, "[{}]", ranges.collect::<Vec<_>>().join(", "))?;
        if self.has_more { write!(f, " and more") } else { Ok(()) }
    }
}

/// Formats an instant with a tenth of a millisecond.
pub(crate) fn millis(instant: Duration) -> String {
    format!("{:.1} ms", instant.as_secs_f64() * 1000.0)
}

/// Records operations of many clients while they run.
///
/// An operation is recorded when it begins. So one whose future is dropped stays in the history,
/// without an answer.
pub struct Recorder {
    start: Instant,
    operations: Mutex<Vec<Operation>>,
}

impl Recorder {
    /// Starts a history.
    pub fn start() -> Self {
        Self { start: Instant::now(), operations: Mutex::default() }
    }

    /// Converts an instant to one of the history.
    pub fn at(&self, instant: Instant) -> Duration {
        instant - self.start
    }

    /// Records a send. `request` sends the message and returns the stored entry, or `None` if it may or
    /// may not have been stored.
    pub async fn send(
        &self,
        client: &str,
        message: &Message,
        request: impl Future<Output = Option<Entry>>,
    ) -> Option<Entry> {
        let call = |answer| Call::Send(message.clone(), answer);
        self.record(client, call, request).await
    }

    /// Records a read. `request` reads and returns the page, or `None` if it failed.
    pub async fn read(
        &self,
        client: &str,
        window: Window,
        request: impl Future<Output = Option<Page>>,
    ) -> Option<Page> {
        self.record(client, |answer| Call::Read(window, answer), request).await
    }

    /// Ends the history and returns its operations.
    pub fn finish(self) -> Vec<Operation> {
        self.operations.into_inner().unwrap()
    }

    async fn record<T: Clone>(
        &self,
        client: &str,
        call: impl Fn(Option<Answer<T>>) -> Call,
        request: impl Future<Output = Option<T>>,
    ) -> Option<T> {
        let operation = Operation { client: client.to_owned(), invoked: self.start.elapsed(), call: call(None) };
        let index = {
            let mut operations = self.operations();
            operations.push(operation);
            operations.len() - 1
        };
        let content = request.await?;
        let answer = Answer { at: self.start.elapsed(), content: content.clone() };
        self.operations()[index].call = call(Some(answer));
        Some(content)
    }

    fn operations(&self) -> MutexGuard<'_, Vec<Operation>> {
        self.operations.lock().unwrap()
    }
}
