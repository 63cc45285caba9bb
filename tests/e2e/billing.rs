//! The usage that is billed for a message of the reference, and the amounts in `docs/costs.md` that
//! follow from it.

use std::fs;

use serde_json::json;
use test_support::{Chat, Setup, Socket, Stack, Usage, skip_on_deployed_stack, workspace};

/// The room of a chat and the sockets in it, the sender's first.
struct Room<'a> {
    stack: &'a Stack,
    chat: Chat,
    sockets: Vec<Socket>,
}

impl<'a> Room<'a> {
    /// Starts a chat in whose room each of the two users has this many sockets.
    async fn open(stack: &'a Stack, devices: usize) -> Self {
        let chat = Chat::start(stack).await;
        let mut sockets = Vec::new();
        for user in [&chat.ada, &chat.bob] {
            for _ in 0..devices {
                sockets.push(Socket::in_room(stack, user, &user.browser, &chat.id).await);
            }
        }
        Self { stack, chat, sockets }
    }

    async fn usage(&self) -> Usage {
        Usage::read(self.stack).await
    }

    /// Shows a message to all others in the room.
    async fn show(&mut self, ack_id: Option<u64>) {
        self.relay(0, "chatsend", "chatUpdate", ack_id).await;
    }

    /// Acknowledges a message from each socket to which it was shown.
    async fn acknowledge(&mut self, ack_id: Option<u64>) {
        for reader in 1..self.sockets.len() {
            self.relay(reader, "messageRecieved", "messageSent", ack_id).await;
        }
    }

    /// Sends a frame and waits until all others have received the event.
    async fn relay(&mut self, sender: usize, action: &str, event: &str, ack_id: Option<u64>) {
        let mut frame = json!({ "action": action, "chatId": self.chat.id, "message": "Hello" });
        if let Some(ack_id) = ack_id {
            frame["ackId"] = ack_id.into();
        }
        self.sockets[sender].send(frame).await;
        for (index, socket) in self.sockets.iter_mut().enumerate() {
            if index != sender {
                socket.expect_event(event).await;
            }
        }
        if ack_id.is_some() {
            self.sockets[sender].expect_event("ack").await;
        }
    }
}

/// `docs/costs.md`, and the prices in it, in dollars per million.
pub(crate) struct Costs {
    text: String,
    request: f64,
    frame: f64,
    invocation: f64,
    log_and_trace: f64,
}

impl Costs {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(workspace().join("docs/costs.md")).unwrap();
        // A row of the table of prices ends with the price per million.
        let price = |start: &str| -> f64 {
            let row = text.lines().find(|line| line.starts_with(&format!("| {start}"))).unwrap();
            row.trim_end_matches(" |").rsplit_once('$').unwrap().1.parse().unwrap()
        };
        Self {
            request: price("HTTP API request |"),
            frame: price("WebSocket message,"),
            invocation: price("invocation |"),
            log_and_trace: price("its log,") + price("its trace,"),
            text,
        }
    }

    /// Returns the price of requests and frames.
    fn of_traffic(&self, usage: &Usage) -> f64 {
        f64::from(usage.requests) * self.request + f64::from(usage.frames_in + usage.frames_out) * self.frame
    }

    /// Returns the price of everything.
    pub(crate) fn of(&self, usage: &Usage) -> f64 {
        self.of_traffic(usage) + f64::from(usage.all_invocations()) * (self.invocation + self.log_and_trace)
    }

    #[track_caller]
    fn expect(&self, counted: &str) {
        assert!(self.text.contains(counted), "according to the counts, docs/costs.md must contain:\n{counted}");
    }
}

#[tokio::test]
async fn messages_cost_what_the_documentation_says() {
    if skip_on_deployed_stack() {
        return;
    }
    let (stack, costs) = (Setup::default().start(), Costs::read());
    let mut columns = Vec::new();
    // With one device per user, a message is shown to one other connection; with two, to three.
    for devices in [1, 2] {
        let mut room = Room::open(&stack, devices).await;
        let before = room.usage().await;
        room.chat.say("Hello").await;
        let stored = room.usage().await;
        room.show(None).await;
        let shown = room.usage().await;
        room.acknowledge(None).await;
        let acknowledged = room.usage().await;

        let all = acknowledged.since(&before);
        let invocations = f64::from(all.all_invocations());
        columns.push([
            costs.of_traffic(&stored.since(&before)),
            costs.of_traffic(&shown.since(&stored)),
            costs.of_traffic(&acknowledged.since(&shown)),
            invocations * costs.invocation,
            invocations * costs.log_and_trace,
            costs.of(&all),
        ]);
    }
    let rows = [
        "`sendMessage` | 1 HTTP request",
        "`chatsend` | 1 frame in, N frames out",
        "`messageRecieved` | N frames in, N × N frames out",
        "invocations | 2 + N",
        "logs and traces of these | 2 + N",
    ];
    for (row, start) in rows.iter().enumerate() {
        costs.expect(&format!("| {start} | ${:.2} | ${:.2} |\n", columns[0][row], columns[1][row]));
    }
    costs.expect(&format!("| **together** | | **${:.2}** | **${:.2}** |\n", columns[0][5], columns[1][5]));
}

#[tokio::test]
async fn each_way_of_sending_a_message_costs_what_the_documentation_says() {
    if skip_on_deployed_stack() {
        return;
    }
    let (stack, costs) = (Setup::default().start(), Costs::read());
    for (way, is_acknowledged, ack_id, is_read) in [
        ("`sendMessage`, `chatsend`", false, None, false),
        ("`sendMessage`, `chatsend`, `messageRecieved`", true, None, false),
        ("the same, both frames with an `ackId`", true, Some(1), false),
        ("`sendMessage`, `chatsend`, `messageRecieved`, `getChat`", true, None, true),
    ] {
        let mut room = Room::open(&stack, 1).await;
        let before = room.usage().await;
        room.chat.say("Hello").await;
        room.show(ack_id).await;
        if is_acknowledged {
            room.acknowledge(ack_id).await;
        }
        if is_read {
            room.chat.read(&room.chat.bob.browser, &[]).await.expect(200);
        }
        let usage = room.usage().await.since(&before);

        let Usage { requests, frames_in, frames_out, .. } = usage;
        let (invocations, price) = (usage.all_invocations(), costs.of(&usage));
        costs.expect(&format!("| {way} | {requests} | {frames_in} | {frames_out} | {invocations} | ${price:.2} |\n"));
    }
}

/// The number of messages that one receipt of delivery and one of reading are for.
const COALESCED: i64 = 5;

/// Sends messages between two native clients, and both receipts for all of them if `has_receipts`.
/// Messages have an `ackId` if `has_acks`; receipts have none. Returns the usage of all of it.
async fn exchange(stack: &Stack, has_acks: bool, has_receipts: bool) -> Usage {
    let chat = Chat::start(stack).await;
    let mut ada = Socket::open_native(stack, &chat.ada).await;
    let mut bob = Socket::open_native(stack, &chat.bob).await;
    let before = Usage::read(stack).await;
    for number in 1..=COALESCED {
        let text = "Hello";
        let mut frame =
            json!({ "action": "sendMessage", "chatId": chat.id, "message": text, "clientId": number.to_string() });
        if has_acks {
            frame["ackId"] = number.into();
        }
        ada.send(frame).await;
        bob.expect_entry(&chat.id).await;
        if has_acks {
            assert_eq!(ada.expect_event("ack").await["entry"]["seq"], number);
        }
    }
    if has_receipts {
        for mark in ["delivered", "read"] {
            bob.send(json!({ "action": "receipt", "chatId": chat.id, mark: COALESCED })).await;
            assert_eq!(ada.expect_event("receipt").await[mark], COALESCED);
        }
    }
    let usage = Usage::read(stack).await.since(&before);
    // Nobody received anything else.
    ada.expect_silence().await;
    bob.expect_silence().await;
    usage
}

/// A message that is acknowledged, stored and shown takes three frames and one invocation.
///
/// With receipts, but without acknowledgements, 14 frames and 7 invocations for five messages: each
/// message in and out, one receipt of delivery in and out, and one of reading in and out. That is 2.8
/// frames and 1.4 invocations per message.
#[tokio::test]
async fn a_message_between_native_clients_costs_what_the_documentation_says() {
    if skip_on_deployed_stack() {
        return;
    }
    let (stack, costs) = (Setup::default().start(), Costs::read());
    for (way, has_acks, has_receipts, expected) in [
        ("`sendMessage`", false, false, (5, 5, 5)),
        ("`sendMessage` with an `ackId`", true, false, (5, 10, 5)),
        ("`sendMessage`, and two `receipt` for five messages", false, true, (7, 7, 7)),
        ("the same, `sendMessage` with an `ackId`", true, true, (7, 12, 7)),
    ] {
        let usage = exchange(&stack, has_acks, has_receipts).await;

        let Usage { requests, frames_in, frames_out, .. } = usage;
        let invocations = usage.all_invocations();
        assert_eq!((requests, (frames_in, frames_out, invocations)), (0, expected), "{way}");
        let each = |count: u32| f64::from(count) / COALESCED as f64;
        let price = costs.of(&usage) / COALESCED as f64;
        let (frames_in, frames_out, invocations) = (each(frames_in), each(frames_out), each(invocations));
        costs.expect(&format!("| {way} | {frames_in} | {frames_out} | {invocations} | ${price:.2} |\n"));
    }
}
