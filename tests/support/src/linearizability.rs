//! A checker of histories: is there an order of all operations in which every answer is right?
//!
//! A history is *linearizable* if each operation can be given one instant, between its invocation and
//! its answer, at which it takes effect as if it were alone. A send without an answer may take effect
//! at any later instant, or never. The chat is a list: a send appends, unless its message is in the
//! list already, and returns the position; a read returns a part of the list.
//!
//! # Why not a search
//!
//! Checkers for any kind of object, such as Knossos, Porcupine or `LinearizabilityTester` of the crate
//! `stateright`, try one order after the other. The time for that can double with each operation
//! without an answer, of which killed functions leave hundreds, and the outcome is yes or no. A chat
//! needs no search, because the positions tell the order of the appends:
//!
//! - Let `T(s)` be the instant at which entry `s` is appended. The order demands `T(1) <= T(2) <= …`.
//! - The message of entry `s` was sent before: `T(s)` is not earlier than the first send of it began.
//! - A send that returned `s` was answered later: `T(s)` is not later than that answer. It does not
//!   matter which of the repeated sends appended the entry: the first one can have done so at any
//!   instant up to the first answer.
//! - A read saw a list whose length is in a range that its answer shows. It needs an instant between
//!   its invocation and its answer at which the list has such a length. There is one if `T(least)` is
//!   not later than the answer, and `T(greatest + 1)` is not earlier than the invocation.
//!
//! Each rule bounds a single `T(s)`. Therefore the history is linearizable if and only if no lower
//! bound of an entry exceeds an upper bound of the same or a later entry, which one pass decides.
//! The two operations that contradict each other are the explanation. A test compares this with a
//! search on thousands of small histories.
//!
//! For this, the history must tell which entry is at each position. It does if it ends with a read of
//! the whole chat.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::history::{Answer, Call, Entry, Message, Operation, Page, Window, millis};

/// A contradiction in a history.
#[derive(Debug)]
pub struct Violation {
    /// The rule that was broken.
    pub rule: String,
    /// The operations that broke it.
    pub operations: Vec<Operation>,
}

impl Violation {
    fn new(rule: impl Into<String>, operations: &[&Operation]) -> Self {
        Self { rule: rule.into(), operations: operations.iter().map(|operation| (*operation).clone()).collect() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rule)?;
        self.operations.iter().try_for_each(|operation| write!(f, "\n  {operation}"))
    }
}

/// Checks that a history of a new chat is linearizable.
///
/// # Errors
/// The first contradiction.
///
/// # Panics
/// If two sends without a key have the same text.
pub fn check(history: &[Operation]) -> Result<(), Violation> {
    check_with_stale_reads(history, Duration::ZERO..Duration::ZERO)
}

/// Checks a history during which the database changed its primary. A read that began in `stale` may
/// return an earlier state of the chat: the old primary answers until it notices that it is cut off,
/// and a new one may not know yet that its last entries are on a majority of the servers. It must not
/// return anything else, such as an entry that is taken back later.
///
/// # Errors
/// The first contradiction.
///
/// # Panics
/// If two sends without a key have the same text.
pub fn check_with_stale_reads(history: &[Operation], stale: Range<Duration>) -> Result<(), Violation> {
    let chat = Observed::by(history)?;
    let mut bounds = chat.appends(history)?;
    for operation in history {
        bounds.add(operation, stale.contains(&operation.invoked))?;
    }
    bounds.check()
}

/// The entries that answers have shown, each with the operation that showed it first.
struct Observed<'a>(BTreeMap<i64, (&'a Entry, &'a Operation)>);

impl<'a> Observed<'a> {
    /// Collects the entries. An entry never changes.
    fn by(history: &'a [Operation]) -> Result<Self, Violation> {
        let mut known = BTreeMap::new();
        for operation in history {
            let entries = match &operation.call {
                Call::Send(message, Some(Answer { content, .. })) => {
                    if content.message != *message {
                        return Err(Violation::new("a send returns another message", &[operation]));
                    }
                    std::slice::from_ref(content)
                }
                Call::Read(_, Some(Answer { content, .. })) => content.entries.as_slice(),
                _ => &[],
            };
            for entry in entries {
                let (same, first) = *known.entry(entry.seq).or_insert((entry, operation));
                if same != entry {
                    let rule = format!("two entries have the seq {}: {same:?} and {entry:?}", entry.seq);
                    return Err(Violation::new(rule, &[first, operation]));
                }
            }
        }
        Ok(Self(known))
    }

    /// Checks that the entries are numbered from 1 and that each is a message that was sent, stored only
    /// once. Returns the bounds of their appends that follow from the sends' invocations.
    fn appends(&self, history: &'a [Operation]) -> Result<Bounds<'a>, Violation> {
        let mut sends: HashMap<&Message, &Operation> = HashMap::new();
        for operation in history {
            if let Call::Send(message, _) = &operation.call {
                let first = sends.entry(message).or_insert(operation);
                let is_repeat = !std::ptr::eq(*first, operation);
                assert!(!is_repeat || message.key.is_some(), "sent twice without a key: {message:?}");
                if operation.invoked < first.invoked {
                    *first = operation;
                }
            }
        }
        let mut stored: HashMap<&Message, (&i64, &Operation)> = HashMap::new();
        let mut appends = Vec::new();
        for (expected, (seq, (entry, seen_by))) in (1..).zip(&self.0) {
            if *seq != expected {
                return Err(Violation::new(format!("no operation shows the entry {expected}"), &[seen_by]));
            }
            if let Some((earlier, other)) = stored.insert(&entry.message, (seq, seen_by)) {
                let rule = format!("the entries {earlier} and {seq} are one message, stored twice");
                return Err(Violation::new(rule, &[other, seen_by]));
            }
            let Some(send) = sends.get(&entry.message) else {
                return Err(Violation::new(format!("nobody has sent {:?}", entry.message), &[seen_by]));
            };
            appends.push(Append { earliest: Bound { at: send.invoked, operation: send }, latest: None });
        }
        Ok(Bounds(appends))
    }
}

/// A bound of the instant of an append, and the operation that it follows from.
#[derive(Clone, Copy)]
struct Bound<'a> {
    at: Duration,
    operation: &'a Operation,
}

/// The bounds of one append.
struct Append<'a> {
    earliest: Bound<'a>,
    latest: Option<Bound<'a>>,
}

/// The bounds of all appends, in the order of the chat.
struct Bounds<'a>(Vec<Append<'a>>);

impl<'a> Bounds<'a> {
    /// Adds the bounds that follow from the answer to an operation.
    fn add(&mut self, operation: &'a Operation, may_be_stale: bool) -> Result<(), Violation> {
        match &operation.call {
            Call::Send(_, Some(Answer { at, content })) => self.existed(content.seq, *at, operation),
            Call::Read(window, Some(Answer { at, content })) => {
                let (least, greatest) = lengths(*window, content).map_err(|rule| Violation::new(rule, &[operation]))?;
                self.existed(least, *at, operation);
                if !may_be_stale {
                    self.was_missing(greatest.saturating_add(1), operation.invoked, operation);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes that the entry `seq` was appended at `at` or earlier.
    fn existed(&mut self, seq: i64, at: Duration, operation: &'a Operation) {
        if let Some(append) = self.append(seq)
            && append.latest.is_none_or(|latest| at < latest.at)
        {
            append.latest = Some(Bound { at, operation });
        }
    }

    /// Notes that the entry `seq` was appended at `at` or later.
    fn was_missing(&mut self, seq: i64, at: Duration, operation: &'a Operation) {
        if let Some(append) = self.append(seq)
            && at > append.earliest.at
        {
            append.earliest = Bound { at, operation };
        }
    }

    fn append(&mut self, seq: i64) -> Option<&mut Append<'a>> {
        self.0.get_mut(usize::try_from(seq - 1).ok()?)
    }

    /// Checks that there are instants within the bounds, in the order of the chat.
    fn check(&self) -> Result<(), Violation> {
        let mut latest_start: Option<(i64, Bound)> = None;
        for (seq, Append { earliest, latest }) in (1_i64..).zip(&self.0) {
            if latest_start.is_none_or(|(_, bound)| earliest.at > bound.at) {
                latest_start = Some((seq, *earliest));
            }
            if let (Some((earlier, start)), Some(end)) = (latest_start, latest)
                && start.at > end.at
            {
                let (missing, present) = (millis(start.at), millis(end.at));
                let rule = format!("the entry {earlier} was not there at {missing}, but {seq} was at {present}");
                return Err(Violation::new(rule, &[start.operation, end.operation]));
            }
        }
        Ok(())
    }
}

/// Returns the least and the greatest length of the list that the answer to a read allows.
fn lengths(window: Window, Page { entries, has_more }: &Page) -> Result<(i64, i64), &'static str> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return match window {
            _ if *has_more => Err("a read without entries says that there are more"),
            Window::After(start) => Ok((0, start)),
            Window::Before(end) if end <= 1 => Ok((0, i64::MAX)),
            Window::Before(_) | Window::Latest => Ok((0, 0)),
        };
    };
    let (first, last) = (first.seq, last.seq);
    if entries.windows(2).any(|pair| pair[1].seq != pair[0].seq + 1) {
        return Err("the entries of a read are not consecutive");
    }
    match window {
        Window::After(start) if first != start + 1 => Err("a read forward begins at the wrong entry"),
        Window::After(_) if *has_more => Ok((last + 1, i64::MAX)),
        Window::Before(end) if last >= end => Err("a read backward goes too far"),
        Window::Before(_) | Window::Latest if *has_more != (first > 1) => {
            Err("a read backward is wrong about whether there are more entries")
        }
        Window::Before(end) if last == end - 1 => Ok((last, i64::MAX)),
        _ => Ok((last, last)),
    }
}

#[cfg(test)]
mod tests;
