//! Every combination of requests, in every order of their commands.

use crate::process::Request;
use crate::scenarios::{ADA, BOB, CLEO, Scenario, add, delete, edit, message, messages, react, read, remove, scenario};

/// The number of requests that run at the same time: 3, or `PROTOCOL_REQUESTS`.
fn width() -> usize {
    std::env::var("PROTOCOL_REQUESTS").map_or(3, |width| width.parse().unwrap())
}

/// Returns everything that may happen at the same time. Two of the same are a repeat.
fn requests() -> Vec<Request> {
    vec![
        message(ADA, 10),
        message(CLEO, 11),
        edit(ADA, 12, 1),
        delete(ADA, 13, 1),
        react(BOB, 14, 1),
        react(CLEO, 15, 1),
        add(16, CLEO),
        remove(17, CLEO),
        read(CLEO),
        // Repeats of what the chat has.
        message(BOB, 2),
        message(CLEO, 3),
    ]
}

/// Returns every way to choose `width` of the requests, with repetition.
fn combinations(width: usize, requests: &[Request]) -> Vec<Vec<Request>> {
    if width == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in requests.iter().enumerate() {
        let others = combinations(width - 1, &requests[index..]);
        all.extend(others.into_iter().map(|others| [vec![*first], others].concat()));
    }
    all
}

/// Searches every combination of requests at a chat that has had the requests `before`.
fn check(width: usize, before: &[Request], change: impl Fn(Scenario) -> Scenario) {
    let all = combinations(width, &requests());
    let states: usize = all.iter().map(|requests| change(scenario(before.to_vec(), requests)).holds()).sum();
    println!("{} combinations with {states} states", all.len());
}

#[test]
fn requests_at_a_chat_of_one_message() {
    check(width(), &messages(1), |scenario| scenario);
}

#[test]
fn requests_at_a_chat_of_two_messages() {
    check(width(), &messages(2), |scenario| scenario);
}

#[test]
fn requests_at_a_chat_of_three_messages() {
    check(width(), &messages(3), |scenario| scenario);
}

#[test]
fn requests_at_a_chat_of_four_messages() {
    check(width(), &messages(4), |scenario| scenario);
}

#[test]
fn requests_after_a_removal() {
    check(width(), &[messages(3), vec![remove(9, CLEO)]].concat(), |scenario| scenario);
}

#[test]
fn a_connected_device() {
    check(width().saturating_sub(1), &messages(1), |scenario| scenario.with_connected_device(CLEO));
    check(width().saturating_sub(1), &messages(3), |scenario| scenario.with_connected_device(CLEO));
}

#[test]
fn a_device_that_connects() {
    check(width().saturating_sub(1), &messages(3), |scenario| scenario.with_device(CLEO, 1, false));
}

#[test]
fn a_device_that_connects_twice() {
    check(width().saturating_sub(2), &messages(1), |scenario| scenario.with_device(CLEO, 2, false));
    check(width().saturating_sub(2), &messages(3), |scenario| scenario.with_device(CLEO, 2, false));
}

#[test]
fn a_device_whose_announcements_get_lost_or_doubled() {
    check(width().saturating_sub(1), &messages(3), |scenario| scenario.with_device(CLEO, 1, true));
}

#[test]
fn a_device_of_a_removed_member() {
    let before = [messages(3), vec![remove(9, CLEO)]].concat();
    check(width().saturating_sub(1), &before, |scenario| scenario.with_device(CLEO, 1, false));
}
