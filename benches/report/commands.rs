//! The database commands of what users do most, once the processes are warm.

use serde_json::{Value, json};
use test_support::{Activity, Chat, Socket, Stack, User};

use crate::bed::Bed;
use crate::report::Report;
use crate::seed;
use crate::sync::an_earlier_sync;

/// The number of messages in the chat that is read. The newest 40 are in its head.
const MESSAGES: usize = 1000;

/// The number of messages that are sent: two of them open a page.
const SENDS: usize = 130;

/// The bounds: of a read of the newest messages, of older ones, of a sync, and of everything that is
/// stored and announced, the last one on average.
const HEAD: f64 = 1.0;
const ARCHIVES: f64 = 2.0;
const SYNC: f64 = 4.0;
const STORED: f64 = 2.1;

/// Counts the commands, on a stack with one process per function.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let stack = bed.setup().set("LOCAL_MAX_PROCESSES", 1).start();
    let mut counter = Counter { activity: Activity::follow(&stack).await, report };
    reads(&stack, &mut counter).await;
    syncs(&stack, &mut counter).await;
    frames(&stack, &mut counter).await;
}

/// Counts the commands of invocations.
struct Counter<'a> {
    activity: Activity,
    report: &'a mut Report,
}

impl Counter<'_> {
    /// Returns the commands of the next invocation of a function.
    async fn next(&mut self, function: &str) -> f64 {
        self.activity.next(function).await["databaseCommands"].as_f64().unwrap()
    }

    /// Reports the commands of the next invocation of a function.
    async fn report(&mut self, function: &str, what: &str, bound: f64) {
        let commands = self.next(function).await;
        self.report.add_bounded(format!("database commands: {what}"), commands, "", bound);
    }
}

async fn reads(stack: &Stack, counter: &mut Counter<'_>) {
    let chat = Chat::start(stack).await;
    seed::messages(&stack.database().await, &chat, MESSAGES).await;
    chat.numbers(&[("limit", "20")]).await;
    counter.report("GetChat", "getChat, the newest 20 of 1,000", HEAD).await;
    chat.numbers(&[("limit", "200")]).await;
    counter.report("GetChat", "getChat, the newest 200 of 1,000", ARCHIVES).await;
    chat.numbers(&[("before", "500"), ("limit", "50")]).await;
    counter.report("GetChat", "getChat, 50 in the middle of 1,000", ARCHIVES).await;
    chat.bob.browser.query("/api/lastMessage", &[("chatId", &chat.id)]).await.expect(200);
    counter.report("LastMessage", "lastMessage", HEAD).await;
    chat.bob.browser.query("/api/allConnection", &[("limit", "50")]).await.expect(200);
    counter.report("AllConnection", "allConnection", HEAD).await;
}

/// Counts the commands of a sync with archived messages, and a chat of which only the watermarks
/// have changed.
async fn syncs(stack: &Stack, counter: &mut Counter<'_>) {
    let ada = User::sign_up(stack, "Ada").await;
    let chats = seed::chats(&stack.database().await, &ada.id, &[200, 200]).await;
    let input = json!({ "chats": { &chats[0]: 20, &chats[1]: 200 }, "since": an_earlier_sync() });
    let answer = ada.browser.post("/api/sync", input.clone()).await.expect(200);
    assert_eq!(answer["chats"].as_array().unwrap().len(), 2);
    counter.report("Sync", "sync, everything that it can read", SYNC).await;

    let mut socket = Socket::open_native(stack, &ada).await;
    // The first frame also identifies the sender, whom the process then remembers.
    for is_known in [false, true] {
        let mut frame = input.clone();
        frame["action"] = "sync".into();
        acknowledged(&mut socket, frame).await;
        if is_known {
            counter.report("SyncAction", "sync over a socket, everything that it can read", SYNC).await;
        } else {
            counter.next("SyncAction").await;
        }
    }
}

/// Counts the commands of messages and receipts over one socket, with a device of the other member.
async fn frames(stack: &Stack, counter: &mut Counter<'_>) {
    let chat = Chat::start(stack).await;
    let other = Chat::connect(&chat.ada, &User::sign_up(stack, "Carol").await).await;
    let mut ada = Socket::open_native(stack, &chat.ada).await;
    let mut bob = Socket::open_native(stack, &chat.bob).await;
    // Before what counts, each process identifies the sender of its frames.
    acknowledged(&mut ada, message(&other, 0)).await;
    counter.next("SendMessageAction").await;
    let mut commands = 0.0;
    for number in 1..=SENDS {
        acknowledged(&mut ada, message(&chat.id, number)).await;
        bob.expect_entry(&chat.id).await;
        commands += counter.next("SendMessageAction").await;
    }
    let figure = format!("database commands: sendMessage over a socket, mean of {SENDS}");
    counter.report.add_bounded(figure, commands / SENDS as f64, "", STORED);
    for read in [1, 2] {
        acknowledged(&mut bob, json!({ "action": "receipt", "chatId": chat.id, "read": read })).await;
        if read == 1 {
            counter.next("ReceiptAction").await;
        } else {
            counter.report("ReceiptAction", "receipt over a socket", STORED).await;
        }
    }
}

fn message(chat: &str, number: usize) -> Value {
    json!({ "action": "sendMessage", "chatId": chat, "message": "Hello", "clientId": number.to_string() })
}

/// Sends a frame and waits for its acknowledgement.
async fn acknowledged(socket: &mut Socket, mut frame: Value) {
    frame["ackId"] = 1.into();
    socket.send(frame).await;
    socket.expect_event("ack").await;
}
