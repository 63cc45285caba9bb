//! The time from `chatsend` until everyone in a room has the message.

use std::time::Instant;

use futures_util::StreamExt;
use futures_util::future::join_all;
use mongodb::bson::doc;
use serde_json::json;
use test_support::{Chat, Handshake, Socket, Stack, object_id};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::bed::Bed;
use crate::report::Report;
use crate::seed;
use crate::statistics::percentile;

/// A number of receiving sockets, and the bounds for it in milliseconds.
struct Size {
    sockets: usize,
    /// The number of messages that are sent to them.
    messages: usize,
    median: Option<f64>,
    p95: Option<f64>,
    /// The bound of the 95th percentile with a third of the sockets dead.
    p95_with_dead: Option<f64>,
}

const SIZES: [Size; 4] = [
    Size { sockets: 1, messages: 300, median: Some(5.0), p95: None, p95_with_dead: None },
    Size { sockets: 16, messages: 60, median: None, p95: None, p95_with_dead: None },
    Size { sockets: 64, messages: 40, median: None, p95: None, p95_with_dead: None },
    Size { sockets: 256, messages: 30, median: None, p95: Some(60.0), p95_with_dead: Some(80.0) },
];

/// The number of messages that do not count: the first ones open the function's connections to the
/// gateway.
const WARM_UP: usize = 3;

/// Measures the time from sending a frame to its receipt by each socket.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let stack = bed.setup().start();
    for Size { sockets, messages, median, p95, p95_with_dead } in SIZES {
        let name = format!("chatsend to receipt, sockets: {sockets}");
        let all = Room::open(&stack, sockets, 0).await.measure(messages).await;
        add(report, &name, &all, median, p95);
        let dead = sockets / 3;
        if dead > 0 {
            let all = Room::open(&stack, sockets - dead, dead).await.measure(messages).await;
            add(report, &format!("{name}, a third of them gone"), &all, None, p95_with_dead);
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

/// A chat with many open sockets.
struct Room<'a> {
    stack: &'a Stack,
    chat: Chat,
    sender: Socket,
    receivers: usize,
    receipts: mpsc::UnboundedReceiver<Instant>,
    /// The number of dead sockets that are added before each message.
    dead: usize,
}

impl<'a> Room<'a> {
    async fn open(stack: &'a Stack, receivers: usize, dead: usize) -> Self {
        let chat = Chat::start(stack).await;
        let (received, receipts) = mpsc::unbounded_channel();
        let token = format!("access-key={}", chat.bob.browser.token("access-key"));
        let handshakes = (0..receivers).map(|_| Handshake::naming(stack, &chat.bob).header("cookie", &token).open());
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
        let records = stack.database().await.collection::<mongodb::bson::Document>("connections");
        let all_join = doc! { "$set": { "rooms": [object_id(&chat.id)] } };
        records.update_many(doc! { "userId": object_id(&chat.bob.id) }, all_join).await.unwrap();
        let sender = Socket::in_room(stack, &chat.ada, &chat.ada.browser, &chat.id).await;
        Self { stack, chat, sender, receivers, receipts, dead }
    }

    /// Returns the milliseconds from sending to each receipt, for this number of messages.
    async fn measure(mut self, messages: usize) -> Vec<f64> {
        let mut all = Vec::new();
        for message in 0..WARM_UP + messages {
            if self.dead > 0 {
                seed::dead_connections(&self.stack.database().await, &self.chat, self.dead).await;
            }
            let sent = Instant::now();
            self.sender
                .send(json!({ "action": "chatsend", "chatId": self.chat.id, "message": "Hello everybody" }))
                .await;
            for _ in 0..self.receivers {
                let received = self.receipts.recv().await.unwrap();
                if message >= WARM_UP {
                    all.push((received - sent).as_secs_f64() * 1000.0);
                }
            }
        }
        all
    }
}
