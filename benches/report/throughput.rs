//! The throughput of the whole local stack. The gateway, the functions and the database share this
//! machine's processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use test_support::{Chat, Stack};

use crate::bed::Bed;
use crate::report::Report;

const CLIENTS: [usize; 2] = [16, 64];

/// The duration of each measurement.
const TIME: Duration = Duration::from_secs(4);

/// Measures the requests per second of clients that send the next request as soon as they receive a
/// response. Each client has its own chat.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let stack = bed.setup().start();
    let mut chats = Vec::new();
    for _ in 0..CLIENTS[1] {
        chats.push(start(&stack).await);
    }
    for clients in CLIENTS {
        let chats = &chats[..clients];
        let reads = rate(chats, async |chat| drop(chat.numbers(&[("limit", "10")]).await)).await;
        report.add(format!("throughput, getChat, {clients} clients"), reads, "requests/s");
        let sends = rate(chats, async |chat| drop(chat.say("one more").await)).await;
        report.add(format!("throughput, sendMessage, {clients} clients"), sends, "requests/s");
    }
}

async fn start(stack: &Stack) -> Chat {
    let chat = Chat::start(stack).await;
    chat.fill(10).await;
    chat
}

async fn rate(chats: &[Chat], call: impl AsyncFn(&Chat)) -> f64 {
    let (since, responses) = (Instant::now(), AtomicUsize::new(0));
    let clients = chats.iter().map(async |chat| {
        while since.elapsed() < TIME {
            call(chat).await;
            responses.fetch_add(1, Ordering::Relaxed);
        }
    });
    join_all(clients).await;
    responses.into_inner() as f64 / since.elapsed().as_secs_f64()
}
