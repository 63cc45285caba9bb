//! The time from a frame until everyone has the message.

use std::time::Instant;

use futures_util::StreamExt;
use futures_util::future::join_all;
use mongodb::bson::doc;
use serde_json::{Value, json};
use test_support::{Chat, Handshake, Socket, Stack, object_id};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::bed::Bed;
use crate::report::Report;
use crate::seed;
use crate::statistics::percentile;

/// The way in which a message reaches the sockets of the other member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `chatsend` shows it in a room. It is not stored.
    Show,
    /// `sendMessage` stores it, acknowledges it, and announces it as `entry`.
    Store,
}

/// A number of receiving sockets, and the bounds for it in milliseconds.
struct Size {
    way: Way,
    sockets: usize,
    /// The number of messages that are sent to them.
    messages: usize,
    median: Option<f64>,
    p95: Option<f64>,
    /// The bound of the 95th percentile with a third of the sockets dead.
    p95_with_dead: Option<f64>,
}

const SIZES: [Size; 6] = [
    Size { way: Way::Store, sockets: 1, messages: 300, median: Some(3.0), p95: None, p95_with_dead: None },
    Size { way: Way::Store, sockets: 256, messages: 30, median: None, p95: Some(60.0), p95_with_dead: None },
    Size { way: Way::Show, sockets: 1, messages: 300, median: Some(5.0), p95: None, p95_with_dead: None },
    Size { way: Way::Show, sockets: 16, messages: 60, median: None, p95: None, p95_with_dead: None },
    Size { way: Way::Show, sockets: 64, messages: 40, median: None, p95: None, p95_with_dead: None },
    Size { way: Way::Show, sockets: 256, messages: 30, median: None, p95: Some(60.0), p95_with_dead: Some(80.0) },
];

/// The number of messages that do not count: the first ones open the function's connections to the
/// gateway.
const WARM_UP: usize = 3;

/// Measures the time from sending a frame to its receipt by each socket, and to its acknowledgement.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let stack = bed.setup().start();
    for Size { way, sockets, messages, median, p95, p95_with_dead } in SIZES {
        let (name, acks) = match way {
            Way::Show => (format!("chatsend to receipt, sockets: {sockets}"), String::new()),
            Way::Store => {
                (format!("sendMessage to entry, sockets: {sockets}"), format!("sendMessage to ack, sockets: {sockets}"))
            }
        };
        let times = Room::open(&stack, way, sockets, 0).await.measure(messages).await;
        add(report, &name, &times.receipts, median, p95);
        if way == Way::Store {
            add(report, &acks, &times.acks, None, None);
        }
        let dead = sockets / 3;
        if way == Way::Show && dead > 0 {
            let times = Room::open(&stack, way, sockets - dead, dead).await.measure(messages).await;
            add(report, &format!("{name}, a third of them gone"), &times.receipts, None, p95_with_dead);
        }
    }
}

fn add(report: &mut Report, name: &str, receipts: &[f64], median: Option<f64>, p95: Option<f64>) {
    for (percent, label, bound) in [(50.0, "median", median), (95.0, "p95", p95), (99.0, "p99", None)] {
        let (figure, value) = (format!("{name}, {label}"), percentile(receipts, percent));
        match bound {
            Some(bound) => report.add_bounded(figure, value, "ms", bound),
            None => report.add(figure, value, "ms"),
        }
    }
}

/// Milliseconds from sending messages.
#[derive(Default)]
struct Times {
    /// To each receipt by a socket of the other member.
    receipts: Vec<f64>,
    /// To each acknowledgement.
    acks: Vec<f64>,
}

/// A chat with many open sockets of one member.
struct Room<'a> {
    stack: &'a Stack,
    way: Way,
    chat: Chat,
    sender: Socket,
    receivers: usize,
    receipts: mpsc::UnboundedReceiver<Instant>,
    /// The number of dead sockets that are added before each message.
    dead: usize,
}

impl<'a> Room<'a> {
    async fn open(stack: &'a Stack, way: Way, receivers: usize, dead: usize) -> Self {
        let chat = Chat::start(stack).await;
        let (received, receipts) = mpsc::unbounded_channel();
        let token = format!("access-key={}", chat.bob.browser.token("access-key"));
        let dialect = if way == Way::Store { "2" } else { "1" };
        let handshakes = (0..receivers)
            .map(|_| Handshake::naming(stack, &chat.bob).query("v", dialect).header("cookie", &token).open());
        for mut socket in join_all(handshakes).await {
            let received = received.clone();
            tokio::spawn(async move {
                while let Some(Ok(Message::Text(_))) = socket.next().await {
                    if received.send(Instant::now()).is_err() {
                        break;
                    }
                }
            });
        }
        let sender = match way {
            Way::Store => Socket::open_native(stack, &chat.ada).await,
            Way::Show => {
                let records = stack.database().await.collection::<mongodb::bson::Document>("connections");
                let all_join = doc! { "$set": { "rooms": [object_id(&chat.id)] } };
                records.update_many(doc! { "userId": object_id(&chat.bob.id) }, all_join).await.unwrap();
                Socket::in_room(stack, &chat.ada, &chat.ada.browser, &chat.id).await
            }
        };
        Self { stack, way, chat, sender, receivers, receipts, dead }
    }

    /// Sends this number of messages, each when the previous one has reached everyone.
    async fn measure(mut self, messages: usize) -> Times {
        let mut times = Times::default();
        for message in 0..WARM_UP + messages {
            if self.dead > 0 {
                seed::dead_connections(&self.stack.database().await, &self.chat, self.dead).await;
            }
            let frame = self.frame(message);
            let sent = Instant::now();
            self.sender.send(frame).await;
            let millis = |at: Instant| (at - sent).as_secs_f64() * 1000.0;
            if self.way == Way::Store {
                self.sender.expect_event("ack").await;
                times.acks.push(millis(Instant::now()));
            }
            for _ in 0..self.receivers {
                times.receipts.push(millis(self.receipts.recv().await.unwrap()));
            }
            if message + 1 == WARM_UP {
                times = Times::default();
            }
        }
        times
    }

    fn frame(&self, number: usize) -> Value {
        let (id, text) = (&self.chat.id, "Hello everybody");
        match self.way {
            Way::Show => json!({ "action": "chatsend", "chatId": id, "message": text }),
            Way::Store => json!({
                "action": "sendMessage", "chatId": id, "message": text, "clientId": number.to_string(), "ackId": number,
            }),
        }
    }
}
