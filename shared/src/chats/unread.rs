//! Counting the messages that a member has not read.

use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;

use crate::values::ids::UserId;

/// The maximum of the count, which stands for more than 99.
pub const MAX_UNREAD: usize = 100;

/// The position and the sender of a message.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Sent {
    /// The position in the chat.
    pub seq: i64,
    /// The sender.
    pub by: UserId,
}

/// Returns the number of messages that `reader` has not read: those of others after `floor` and
/// after the newest message of `reader`, who has seen what they answered. `floor` is the `seq` that
/// the reader has read, cleared, or does not see because it is older than the membership.
///
/// `newest_first` needs only the newest [`MAX_UNREAD`] messages of the chat.
pub fn unread(newest_first: impl IntoIterator<Item = Sent>, reader: UserId, floor: i64) -> usize {
    let unread = newest_first.into_iter().take_while(|message| message.seq > floor && message.by != reader);
    unread.take(MAX_UNREAD).count()
}

/// Returns the messages among the entries of a head, as an aggregation expression.
pub(super) fn messages_in_head() -> Document {
    doc! { "$filter": { "input": "$entries", "cond": { "$eq": ["$$this.kind", "message"] } } }
}

/// Returns the newest messages of the chat of a head, at most [`MAX_UNREAD`], the oldest first, as an
/// aggregation expression: the newest archived ones, which the head has in `recent`, and `messages`,
/// which are [`messages_in_head`]. Each has the fields of [`Sent`].
pub(super) fn newest_messages(messages: impl Into<Bson>) -> Document {
    let sent = doc! { "$map": { "input": messages.into(), "in": { "seq": "$$this.seq", "by": "$$this.by" } } };
    let recent = doc! { "$ifNull": ["$recent", []] };
    doc! { "$slice": [{ "$concatArrays": [recent, sent] }, -(MAX_UNREAD as i64)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts for `reader` in a chat whose messages are of these users, the oldest first.
    fn count(messages: &[UserId], reader: UserId, floor: i64) -> usize {
        let sent = (1..).zip(messages).map(|(seq, by)| Sent { seq, by: *by }).collect::<Vec<_>>();
        unread(sent.into_iter().rev(), reader, floor)
    }

    #[test]
    fn messages_of_others_after_the_floor_are_unread() {
        let (ada, bob) = (UserId::new(), UserId::new());
        let messages = [ada, ada, ada];
        assert_eq!((0..=4).map(|floor| count(&messages, bob, floor)).collect::<Vec<_>>(), [3, 2, 1, 0, 0]);
        assert_eq!(count(&messages, ada, 0), 0);
        assert_eq!(count(&[], bob, 0), 0);
    }

    #[test]
    fn whoever_answers_has_read_what_was_before() {
        let (ada, bob, carol) = (UserId::new(), UserId::new(), UserId::new());
        let messages = [ada, bob, carol, ada];
        assert_eq!(count(&messages, bob, 0), 2);
        assert_eq!(count(&messages, bob, 3), 1);
        assert_eq!(count(&messages, ada, 0), 0);
        assert_eq!(count(&messages, carol, 0), 1);
    }

    #[test]
    fn the_count_ends_at_100() {
        let (ada, bob) = (UserId::new(), UserId::new());
        for (length, expected) in [(99, 99), (100, 100), (101, 100), (1000, 100)] {
            assert_eq!(count(&vec![ada; length], bob, 0), expected);
        }
    }
}
