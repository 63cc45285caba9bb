//! What AWS bills for a message between two native clients.

use serde_json::json;
use test_support::{Chat, Socket, Stack, Usage};

use crate::bed::Bed;
use crate::report::Report;

/// The number of messages that one receipt of delivery and one of reading are for.
const MESSAGES: i64 = 5;

/// The bounds of a message that is stored, shown and acknowledged.
const FRAMES: f64 = 3.0;
const INVOCATIONS: f64 = 1.0;

/// The bounds of a message that is stored and shown, with its share of the receipts, without `ackId`.
const FRAMES_WITH_RECEIPTS: f64 = 2.8;
const INVOCATIONS_WITH_RECEIPTS: f64 = 3.0;

/// Counts the billed frames and invocations.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let stack = bed.setup().start();
    let (frames, invocations) = exchange(&stack, 1, true, false).await;
    report.add_bounded("billed frames, message with ack", frames, "", FRAMES);
    report.add_bounded("billed invocations, message with ack", invocations, "", INVOCATIONS);
    for is_acknowledged in [false, true] {
        let (frames, invocations) = exchange(&stack, MESSAGES, is_acknowledged, true).await;
        let ack = if is_acknowledged { "with" } else { "without" };
        let what = format!("message {ack} ack, two receipts for {MESSAGES} messages");
        if is_acknowledged {
            report.add(format!("billed frames, {what}"), frames, "");
        } else {
            report.add_bounded(format!("billed frames, {what}"), frames, "", FRAMES_WITH_RECEIPTS);
        }
        report.add_bounded(format!("billed invocations, {what}"), invocations, "", INVOCATIONS_WITH_RECEIPTS);
    }
}

/// Sends messages, and receipts for them. Returns the frames and the invocations per message.
async fn exchange(stack: &Stack, messages: i64, is_acknowledged: bool, with_receipts: bool) -> (f64, f64) {
    let chat = Chat::start(stack).await;
    let mut ada = Socket::open_native(stack, &chat.ada).await;
    let mut bob = Socket::open_native(stack, &chat.bob).await;
    let before = Usage::read(stack).await;
    for number in 1..=messages {
        let mut frame = json!({
            "action": "sendMessage", "chatId": chat.id, "message": "Hello", "clientId": number.to_string(),
        });
        if is_acknowledged {
            frame["ackId"] = number.into();
        }
        ada.send(frame).await;
        bob.expect_entry(&chat.id).await;
        if is_acknowledged {
            ada.expect_event("ack").await;
        }
    }
    if with_receipts {
        for mark in ["delivered", "read"] {
            bob.send(json!({ "action": "receipt", "chatId": chat.id, mark: messages })).await;
            ada.expect_event("receipt").await;
        }
    }
    let usage = Usage::read(stack).await.since(&before);
    assert_eq!(usage.requests, 0);
    let each = |count: u32| f64::from(count) / messages as f64;
    (each(usage.frames_in + usage.frames_out), each(usage.all_invocations()))
}
