//! Histories made by hand, lawful and unlawful, and a comparison with a search.

use rand::rngs::StdRng;
use rand::seq::{IndexedMutRandom, IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

use super::*;
use crate::seed;

fn message(text: &str, key: Option<&str>) -> Message {
    Message { by: "ada".to_owned(), text: text.to_owned(), key: key.map(str::to_owned) }
}

fn entry(seq: i64, message: Message) -> Entry {
    Entry { seq, id: format!("{seq}: {}", message.text), at: String::new(), message }
}

fn operation(invoked: u64, call: Call) -> Operation {
    Operation { client: "client".to_owned(), invoked: Duration::from_millis(invoked), call }
}

fn answer<T>(at: u64, content: T) -> Option<Answer<T>> {
    Some(Answer { at: Duration::from_millis(at), content })
}

/// A send without a key.
fn send(from: u64, to: u64, text: &str, seq: i64) -> Operation {
    operation(from, Call::Send(message(text, None), answer(to, entry(seq, message(text, None)))))
}

/// A send whose key is its text.
fn send_once(from: u64, to: u64, text: &str, seq: i64) -> Operation {
    operation(from, Call::Send(message(text, Some(text)), answer(to, entry(seq, message(text, Some(text))))))
}

fn unanswered_send(from: u64, text: &str) -> Operation {
    operation(from, Call::Send(message(text, None), None))
}

fn unanswered_send_once(from: u64, text: &str) -> Operation {
    operation(from, Call::Send(message(text, Some(text)), None))
}

/// A read that returned entries without keys.
fn read(from: u64, to: u64, window: Window, shown: &[(i64, &str)], has_more: bool) -> Operation {
    let entries = shown.iter().map(|(seq, text)| entry(*seq, message(text, None))).collect();
    operation(from, Call::Read(window, answer(to, Page { entries, has_more })))
}

/// A read of a chat that fits into one page.
fn read_all(from: u64, to: u64, texts: &[&str]) -> Operation {
    let shown: Vec<_> = (1..).zip(texts.iter().copied()).collect();
    read(from, to, Window::Latest, &shown, false)
}

#[track_caller]
fn expect_lawful(history: &[Operation]) {
    if let Err(violation) = check(history) {
        panic!("{violation}");
    }
}

/// Checks that a history is refused because of this rule and this number of operations.
#[track_caller]
fn expect_violation(history: &[Operation], rule: &str, operations: usize) {
    let violation = check(history).expect_err(rule);
    assert!(violation.rule.contains(rule), "{violation}");
    assert_eq!(violation.operations.len(), operations, "{violation}");
}

#[test]
fn an_empty_history_is_lawful() {
    expect_lawful(&[]);
    expect_lawful(&[read_all(0, 1, &[])]);
}

#[test]
fn operations_that_overlap_take_effect_in_any_order() {
    expect_lawful(&[send(0, 10, "a", 2), send(5, 15, "b", 1), read_all(20, 21, &["b", "a"])]);
    expect_lawful(&[send(0, 10, "a", 1), read_all(5, 15, &[])]);
    expect_lawful(&[send(0, 10, "a", 1), read_all(5, 6, &["a"]), read_all(7, 8, &["a"])]);
}

#[test]
fn a_send_without_an_answer_takes_effect_later_or_never() {
    expect_lawful(&[unanswered_send(0, "a"), read_all(5, 6, &[]), read_all(7, 8, &[])]);
    expect_lawful(&[unanswered_send(0, "a"), read_all(5, 6, &[]), read_all(7, 8, &["a"])]);
    expect_lawful(&[unanswered_send(0, "a"), send(5, 6, "b", 1), read_all(7, 8, &["b", "a"])]);
    expect_violation(&[unanswered_send(10, "a"), read_all(5, 6, &["a"])], "1 was not there", 2);
}

#[test]
fn a_repeat_returns_the_first_entry() {
    expect_lawful(&[send_once(0, 5, "a", 1), send(6, 7, "b", 2), send_once(8, 9, "a", 1)]);
    expect_lawful(&[unanswered_send_once(0, "a"), send(6, 7, "b", 1), send_once(8, 9, "a", 2)]);
    expect_lawful(&[unanswered_send_once(0, "a"), send(6, 7, "b", 2), send_once(8, 9, "a", 1)]);
}

#[test]
fn a_repeat_that_returns_another_entry_is_refused() {
    expect_violation(&[send_once(0, 5, "a", 1), send_once(8, 9, "a", 2)], "stored twice", 2);
    expect_violation(&[send_once(0, 5, "a", 1), send(6, 7, "b", 2), send_once(8, 9, "a", 2)], "two entries", 2);
    let repeat_before = [send(0, 1, "b", 1), send_once(2, 5, "a", 1)];
    expect_violation(&repeat_before, "two entries", 2);
}

#[test]
fn an_entry_is_not_older_than_the_first_send_of_its_message() {
    let history = [send(0, 1, "b", 2), unanswered_send_once(5, "a"), send_once(8, 9, "a", 1)];
    expect_violation(&history, "1 was not there", 2);
}

#[test]
fn a_stale_read_is_refused() {
    expect_violation(&[send(0, 5, "a", 1), read_all(6, 7, &[])], "1 was not there", 2);
    let after_another_reader = [send(0, 9, "a", 1), read_all(1, 2, &["a"]), read_all(3, 4, &[])];
    expect_violation(&after_another_reader, "1 was not there", 2);
    let forward = [send(0, 1, "a", 1), send(2, 3, "b", 2), read(4, 5, Window::After(0), &[(1, "a")], false)];
    expect_violation(&forward, "2 was not there", 2);
    let nothing_new = [send(0, 1, "a", 1), send(2, 3, "b", 2), read(4, 5, Window::After(1), &[], false)];
    expect_violation(&nothing_new, "2 was not there", 2);
}

#[test]
fn an_acknowledged_send_that_is_lost_is_refused() {
    let gone = [send(0, 1, "a", 1), send(2, 3, "b", 2), read_all(4, 5, &["a"])];
    expect_violation(&gone, "2 was not there", 2);
    let replaced = [send(0, 1, "a", 1), send(2, 3, "b", 1), read_all(4, 5, &["b"])];
    expect_violation(&replaced, "two entries have the seq 1", 2);
}

#[test]
fn sends_in_the_wrong_order_are_refused() {
    expect_violation(&[send(0, 1, "a", 2), send(2, 3, "b", 1)], "1 was not there at 2.0 ms, but 2 was at 1.0 ms", 2);
    let far_apart = [send(0, 1, "c", 3), send(0, 9, "b", 2), send(5, 9, "a", 1)];
    expect_violation(&far_apart, "1 was not there at 5.0 ms, but 3 was at 1.0 ms", 2);
}

#[test]
fn a_hole_is_refused() {
    let sends = [send(0, 1, "a", 1), send(2, 3, "b", 2), send(4, 5, "c", 3)];
    let hole = read(6, 7, Window::Latest, &[(1, "a"), (3, "c")], false);
    expect_violation(&[&sends[..], &[hole]].concat(), "not consecutive", 1);
    let late = read(6, 7, Window::After(0), &[(2, "b"), (3, "c")], false);
    expect_violation(&[&sends[..], &[late]].concat(), "wrong entry", 1);
    expect_violation(&[send(0, 1, "a", 1), send(2, 3, "b", 3)], "no operation shows the entry 2", 1);
}

#[test]
fn a_read_backward_is_bounded_on_both_sides() {
    let sends = [send(0, 1, "a", 1), send(2, 3, "b", 2), unanswered_send(4, "c")];
    let with = |read: Operation| [&sends[..], &[read]].concat();
    expect_lawful(&with(read(6, 7, Window::Before(2), &[(1, "a")], false)));
    expect_lawful(&with(read(6, 7, Window::Before(3), &[(2, "b")], true)));
    expect_lawful(&with(read(6, 7, Window::Before(9), &[(2, "b")], true)));
    expect_lawful(&with(read(6, 7, Window::Before(1), &[], false)));
    expect_violation(&with(read(6, 7, Window::Before(9), &[(1, "a")], false)), "2 was not there", 2);
    expect_violation(&with(read(6, 7, Window::Before(9), &[], false)), "1 was not there", 2);
    expect_violation(&with(read(6, 7, Window::Before(2), &[(2, "b")], true)), "too far", 1);
    expect_violation(&with(read(6, 7, Window::Before(3), &[(2, "b")], false)), "wrong about whether", 1);
    expect_violation(&with(read(6, 7, Window::Before(1), &[], true)), "says that there are more", 1);
}

#[test]
fn a_read_forward_that_says_there_is_more_saw_the_next_entry() {
    let more = read(0, 1, Window::After(0), &[(1, "a")], true);
    expect_violation(&[send(0, 9, "a", 1), send(5, 9, "b", 2), more], "2 was not there", 2);
}

#[test]
fn an_entry_that_nobody_sent_or_that_changes_is_refused() {
    expect_violation(&[read_all(0, 1, &["a"])], "nobody has sent", 1);
    expect_violation(&[send(0, 1, "a", 1), read_all(2, 3, &["b"])], "two entries have the seq 1", 2);
    let mut other_time = entry(1, message("a", None));
    other_time.at = "later".to_owned();
    let page = Page { entries: vec![other_time], has_more: false };
    let changed = [send(0, 1, "a", 1), operation(2, Call::Read(Window::Latest, answer(3, page)))];
    expect_violation(&changed, "two entries have the seq 1", 2);
    let other = Call::Send(message("a", None), answer(1, entry(1, message("b", None))));
    expect_violation(&[operation(0, other)], "another message", 1);
}

#[test]
fn a_message_is_stored_once() {
    let twice = [unanswered_send(0, "a"), read_all(1, 2, &["a", "a"])];
    expect_violation(&twice, "stored twice", 2);
}

#[test]
fn a_page_shows_ranges() {
    let shown = [(1, "a"), (2, "b"), (5, "c")];
    let operation = read(0, 1, Window::After(0), &shown, true);

    assert_eq!(operation.to_string(), "client, 0.0 ms to 1.0 ms: read After(0) -> [1..=2, 5..=5] and more");
}

#[test]
fn a_violation_shows_the_operations() {
    let violation = check(&[send(0, 5, "a", 1), read_all(6, 7, &[])]).unwrap_err();

    let expected = "the entry 1 was not there at 6.0 ms, but 1 was at 5.0 ms\n  \
        client, 6.0 ms to 7.0 ms: read Latest -> []\n  \
        client, 0.0 ms to 5.0 ms: send \"a\" -> 1";
    assert_eq!(violation.to_string(), expected);
}

/// Small random histories, about half of which are unlawful. `HISTORY_SEED` repeats a run.
#[test]
fn the_checker_and_a_search_agree() {
    let seed = seed("HISTORY_SEED");
    let mut random = StdRng::seed_from_u64(seed);
    let mut lawful = 0;
    for _ in 0..4000 {
        let history = random_history(&mut random);
        let (found, checked) = (search(&history, &[]), check(&history));
        if found != checked.is_ok() {
            let operations: Vec<_> = history.iter().map(Operation::to_string).collect();
            panic!("HISTORY_SEED={seed}: the search says {found}, and {checked:?}:\n{}", operations.join("\n"));
        }
        lawful += usize::from(found);
    }
    assert!((1000..3000).contains(&lawful), "{lawful} of 4000 histories are lawful");
}

/// Tries all orders: whether the operations can follow on a chat with these messages.
fn search(remaining: &[Operation], chat: &[Message]) -> bool {
    let answered_at = |operation: &Operation| match &operation.call {
        Call::Send(_, answer) => answer.as_ref().map(|answer| answer.at),
        Call::Read(_, answer) => answer.as_ref().map(|answer| answer.at),
    };
    let Some(first_answer) = remaining.iter().filter_map(answered_at).min() else { return true };
    remaining.iter().enumerate().any(|(index, next)| {
        if next.invoked > first_answer {
            return false;
        }
        let mut chat = chat.to_vec();
        let is_right = match &next.call {
            Call::Send(message, answer) => {
                let seq = store(&mut chat, message);
                answer.as_ref().is_none_or(|answer| answer.content.seq == seq)
            }
            Call::Read(window, answer) => answer
                .as_ref()
                .is_none_or(|Answer { content, .. }| *content == page(&chat, *window, content.entries.len().max(1))),
        };
        is_right && search(&[&remaining[..index], &remaining[index + 1..]].concat(), &chat)
    })
}

/// Returns the `seq` of a message in a chat, to which it is added unless it is there.
fn store(chat: &mut Vec<Message>, message: &Message) -> i64 {
    let index = chat.iter().position(|stored| stored == message).unwrap_or_else(|| {
        chat.push(message.clone());
        chat.len() - 1
    });
    index as i64 + 1
}

/// Returns the right answer to a read.
fn page(chat: &[Message], window: Window, limit: usize) -> Page {
    let mut entries: Vec<_> = (1..).zip(chat.iter().cloned()).map(|(seq, message)| entry(seq, message)).collect();
    match window {
        Window::Latest => {}
        Window::Before(end) => entries.retain(|entry| entry.seq < end),
        Window::After(start) => entries.retain(|entry| entry.seq > start),
    }
    let has_more = entries.len() > limit;
    match window {
        Window::After(_) => entries.truncate(limit),
        _ => drop(entries.drain(..entries.len().saturating_sub(limit))),
    }
    Page { entries, has_more }
}

/// Returns a history of six operations, which took effect in an order but were moved or answered
/// otherwise, and a read of everything.
fn random_history(random: &mut StdRng) -> Vec<Operation> {
    let (mut chat, mut history) = (Vec::new(), Vec::new());
    for number in 0..6 {
        let instant = 10 + 3 * number + random.random_range(0..3);
        let from = instant - random.random_range(0..8);
        let to = instant + random.random_range(0..8);
        let is_answered = random.random_bool(0.7);
        let call = if random.random_bool(0.6) {
            let key = *["x", "y"].choose(random).unwrap();
            let text = format!("message {number}");
            let message = if random.random_bool(0.5) { message(key, Some(key)) } else { message(&text, None) };
            let seq = (is_answered || random.random_bool(0.5)).then(|| store(&mut chat, &message));
            let stored = seq.filter(|_| is_answered).and_then(|seq| answer(to, entry(seq, message.clone())));
            Call::Send(message, stored)
        } else {
            let window = match random.random_range(0..3) {
                0 => Window::Latest,
                1 => Window::Before(random.random_range(1..5)),
                _ => Window::After(random.random_range(0..4)),
            };
            let shown = page(&chat, window, random.random_range(1..4));
            Call::Read(window, answer(to, shown).filter(|_| is_answered))
        };
        history.push(operation(from, call));
    }
    for _ in 0..3 {
        spoil(&mut history, random);
    }
    let everything = page(&chat, Window::After(0), 10);
    history.push(operation(100, Call::Read(Window::After(0), answer(101, everything))));
    history.shuffle(random);
    history
}

/// Moves an operation, or changes its answer.
fn spoil(history: &mut [Operation], random: &mut StdRng) {
    let victim = history.choose_mut(random).unwrap();
    let shift = Duration::from_millis(random.random_range(0..12));
    let is_earlier = random.random_bool(0.5);
    let move_by = |instant: Duration| if is_earlier { instant.saturating_sub(shift) } else { instant + shift };
    match random.random_range(0..3) {
        0 => {
            victim.invoked = move_by(victim.invoked);
            match &mut victim.call {
                Call::Send(_, Some(Answer { at, .. })) | Call::Read(_, Some(Answer { at, .. })) => *at = move_by(*at),
                _ => {}
            }
        }
        1 => match &mut victim.call {
            Call::Send(_, Some(Answer { content, .. })) => {
                *content = entry(random.random_range(1..5), content.message.clone());
            }
            Call::Read(_, Some(Answer { content: Page { entries, has_more }, .. })) => {
                entries.pop();
                *has_more ^= random.random_bool(0.3);
            }
            _ => {}
        },
        _ => {}
    }
}

#[test]
fn a_stale_read_shows_an_earlier_state_and_nothing_else() {
    let from = |start, read| {
        let history = [send(0, 5, "a", 1), read];
        check_with_stale_reads(&history, Duration::from_millis(start)..Duration::MAX)
    };

    from(6, read_all(6, 7, &[])).unwrap();
    from(7, read_all(6, 7, &[])).expect_err("the read began before the change of the primary");
    from(6, read_all(6, 7, &["a", "b"])).expect_err("nobody has sent b");
}
