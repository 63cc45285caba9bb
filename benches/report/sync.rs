//! The time in which a device catches up.

use std::mem;
use std::time::Instant;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Map, Value, json};
use shared::values::timestamp::Timestamp;
use test_support::{Activity, Handshake, Stack, User};
use tokio_tungstenite::tungstenite::Message;

use crate::bed::Bed;
use crate::report::Report;
use crate::seed::{self, READ, millis_ago};
use crate::statistics::{median, percentile};

/// The number of chats in which messages were missed, and of messages in each.
const CHATS: usize = 200;
const MISSED: usize = 5;

/// The bound of the time to catch up with all of them, in milliseconds.
const MILLIS: f64 = 50.0;

/// The number of chats of a user who has missed nothing, and of those that a sync names instead of a
/// ping.
const QUIET: usize = 1000;
const RECENT: usize = 50;

/// The number of syncs that do not count, and of those that do.
const WARM_UP: usize = 5;
const ROUNDS: usize = 100;

/// Measures the syncs of a device that has missed messages, and of one that has not.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let stack = bed.setup().start();
    missed(&stack, report).await;
    nothing_missed(&stack, report).await;
}

/// Returns a `since` before everything that [`seed::chats`] adds, except the profiles.
pub(crate) fn an_earlier_sync() -> Timestamp {
    const HOURS: i64 = 2;
    Timestamp::from_millis(millis_ago(HOURS * 3_600_000))
}

async fn missed(stack: &Stack, report: &mut Report) {
    let ada = User::sign_up(stack, "Ada").await;
    // Pages end at different places, so some of the messages are archived.
    let lengths: Vec<_> = (0..CHATS).map(|index| READ + 1 + index % 64).collect();
    let ids = seed::chats(&stack.database().await, &ada.id, &lengths).await;
    let held = ids.into_iter().zip(lengths).map(|(id, length)| (id, json!(length - MISSED)));
    let input = json!({ "chats": held.collect::<Map<_, _>>(), "since": an_earlier_sync() });
    let name = format!("sync, {CHATS} chats with {} missed messages", CHATS * MISSED);

    let mut activity = Activity::follow(stack).await;
    let mut invocations = Vec::new();
    for round in 0..WARM_UP + ROUNDS {
        let answer = ada.browser.post("/api/sync", input.clone()).await.expect(200);
        assert_eq!((entries(&answer), answer.get("next")), (CHATS * MISSED, None));
        let millis = activity.next("Sync").await["millis"].as_f64().unwrap();
        if round >= WARM_UP {
            invocations.push(millis);
        }
    }
    report.add(format!("{name}, HTTP, invocation, median"), median(&invocations), "ms");
    report.add_bounded(format!("{name}, HTTP, invocation, p95"), percentile(&invocations, 95.0), "ms", MILLIS);

    let (times, answers) = over_socket(stack, &ada, &input).await;
    assert_eq!(answers.iter().map(entries).sum::<usize>(), CHATS * MISSED);
    report.add(format!("{name}, socket, answers"), answers.len() as f64, "");
    report.add(format!("{name}, socket, to the last answer, median"), median(&times), "ms");
    report.add_bounded(format!("{name}, socket, to the last answer, p95"), percentile(&times, 95.0), "ms", MILLIS);
}

async fn nothing_missed(stack: &Stack, report: &mut Report) {
    const LENGTH: usize = 20;
    let ada = User::sign_up(stack, "Ada").await;
    let ids = seed::chats(&stack.database().await, &ada.id, &[LENGTH; QUIET]).await;
    let held = ids.into_iter().take(RECENT).map(|id| (id, json!(LENGTH)));
    let input = json!({ "chats": held.collect::<Map<_, _>>(), "since": Timestamp::now() });
    let (times, answers) = over_socket(stack, &ada, &input).await;
    assert_eq!((answers.len(), &answers[0]["chats"]), (1, &json!([])));
    let name = format!("sync, {QUIET} chats with nothing missed, socket");
    report.add(format!("{name}, median"), median(&times), "ms");
    report.add(format!("{name}, p95"), percentile(&times, 95.0), "ms");
}

fn entries(answer: &Value) -> usize {
    answer["chats"].as_array().unwrap().iter().map(|chat| chat["entries"].as_array().unwrap().len()).sum()
}

/// Syncs over a socket as the client does. Returns the milliseconds that each sync took, and the
/// answers of the last one.
async fn over_socket(stack: &Stack, user: &User, input: &Value) -> (Vec<f64>, Vec<Value>) {
    let mut socket = Handshake::with_ticket(stack, user, &user.browser).await.query("v", "2").open().await;
    let mut all = async |request: &Value| {
        let mut frame = request.clone();
        frame["action"] = "sync".into();
        frame["ackId"] = 1.into();
        socket.send(Message::text(frame.to_string())).await.unwrap();
        let text = socket.next().await.unwrap().unwrap().into_text().unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["event"], "ack", "{answer}");
        answer
    };
    let (mut times, mut answers) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + ROUNDS {
        let since = Instant::now();
        answers = catch_up(input, &mut all).await;
        if round >= WARM_UP {
            times.push(since.elapsed().as_secs_f64() * 1000.0);
        }
    }
    (times, answers)
}

/// Asks until nothing is missing: for the next chats, and then for the rest of those that had no room
/// in an answer. Returns the answers.
async fn catch_up(input: &Value, ask: &mut impl AsyncFnMut(&Value) -> Value) -> Vec<Value> {
    let (mut request, mut answers, mut rest) = (input.clone(), Vec::<Value>::new(), Map::new());
    loop {
        let answer = ask(&request).await;
        for chat in answer["chats"].as_array().unwrap().iter().filter(|chat| chat["more"] == true) {
            let held = chat["from"].as_u64().unwrap() as usize - 1 + chat["entries"].as_array().unwrap().len();
            rest.insert(chat["_id"].as_str().unwrap().to_owned(), held.into());
        }
        let next = answer["next"].clone();
        answers.push(answer);
        if !next.is_null() {
            request["before"] = next;
        } else if rest.is_empty() {
            return answers;
        } else {
            request = json!({ "chats": mem::take(&mut rest), "since": answers[0]["now"] });
        }
    }
}
