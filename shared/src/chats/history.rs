//! Reading the messages of one chat.

use std::ops::{ControlFlow, Range};

use futures_util::TryStreamExt;
use mongodb::bson::doc;
use serde::Deserialize;

use super::entry::Entry;
use super::log::{Head, Log, PAGE, archive_id};
use crate::contract::message::Message;
use crate::error::{Error, Result};
use crate::values::ids::{ChatId, UserId};

/// The maximum number of bytes of text in one answer. Even if every byte takes JSON's longest escape,
/// which is escaped once more in the response of the function, the response stays below Lambda's
/// 6 MB (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub(super) const MAX_ANSWER_BYTES: usize = 768 * 1024;

/// The part of a chat to read.
#[derive(Clone, Copy, Debug)]
pub enum Window {
    /// The newest messages.
    Latest,
    /// The newest messages with a smaller `seq`.
    Before(i64),
    /// The oldest messages with a larger `seq`.
    After(i64),
}

/// Messages that were read from a chat.
#[derive(Debug)]
pub struct History {
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// Whether there are more in the direction that was read.
    pub has_more: bool,
}

/// The maximum number of bytes of archives that one command returns. Small texts need far less for
/// the longest window, and an answer has room for half of it.
const MAX_READ_BYTES: i64 = 2 * MAX_ANSWER_BYTES as i64;

/// The number of attempts at a read if others change what is read in between.
const MAX_ATTEMPTS: usize = 5;

impl Log {
    /// Reads at most `limit` messages of a chat that `reader` is a member of.
    ///
    /// The head is read first, so the archives before it are complete, and the notes in it are those
    /// that the archives may lack. That is one command for messages of the head, and two for older ones.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`](crate::contract::errors::NO_SUCH_CHAT) or
    /// [`NOT_A_MEMBER`](crate::contract::errors::NOT_A_MEMBER).
    pub async fn history(&self, chat: ChatId, reader: UserId, window: Window, limit: usize) -> Result<History> {
        for _ in 0..MAX_ATTEMPTS {
            if let Some(history) = self.try_history(chat, reader, window, limit).await? {
                return Ok(history);
            }
        }
        Err(Error::Unavailable("others changed the messages at every attempt".into()))
    }

    /// Returns `None` if an archive has a change that the head did not have when it was read: the reader
    /// may have been removed before that change.
    async fn try_history(&self, chat: ChatId, reader: UserId, window: Window, limit: usize) -> Result<Option<History>> {
        let (head, member) = self.head(chat, reader).await?;
        let mut collector =
            Collector { window, limit, from: member.from, bytes: 0, messages: Vec::new(), has_more: false };
        let Head { number, last_seq, entries, pending, .. } = head;
        let mut archives = match window {
            Window::After(seq) => seq.max(member.from - 1) / PAGE..number,
            Window::Latest | Window::Before(_) => {
                if collector.add_page(entries.clone()).is_break() {
                    return Ok(Some(collector.finish()));
                }
                let end = if let Window::Before(seq) = window { (seq - 2).div_euclid(PAGE) + 1 } else { number };
                (member.from - 1) / PAGE..end.min(number)
            }
        };
        // A page of changes may have no messages. An answer without any would look like the end.
        while !archives.is_empty() {
            let pages = self.next_archives(chat, &mut archives, &collector).await?;
            for mut page in pages {
                page.iter_mut().for_each(|entry| entry.fold(&pending));
                if page.iter().any(|entry| entry.version() > last_seq) {
                    return Ok(None);
                }
                if collector.add_page(page).is_break() {
                    return Ok(Some(collector.finish()));
                }
            }
            if !collector.messages.is_empty() {
                collector.has_more = !archives.is_empty();
                break;
            }
        }
        if matches!(window, Window::After(_)) && !collector.has_more {
            let _ = collector.add_page(entries);
        }
        Ok(Some(collector.finish()))
    }

    /// Returns the last message of a chat that `reader` is a member of, if there is one.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub async fn last(&self, chat: ChatId, reader: UserId) -> Result<Option<Message>> {
        let (Head { entries, last, pending, .. }, member) = self.head(chat, reader).await?;
        let archived = last.map(|mut entry| {
            entry.fold(&pending);
            entry
        });
        let newest = entries.into_iter().rev().find(Entry::is_message).or(archived);
        Ok(newest.filter(|entry| entry.seq >= member.from).and_then(Entry::into_message))
    }

    /// Reads the archives that the collector needs next, in its direction, and removes them from
    /// `numbers`.
    async fn next_archives(
        &self,
        chat: ChatId,
        numbers: &mut Range<i64>,
        collector: &Collector,
    ) -> Result<Vec<Vec<Entry>>> {
        // A window may begin and end inside a page, and one more message shows whether there is more.
        let count = (collector.limit as i64 + 1) / PAGE + 2;
        let is_forward = matches!(collector.window, Window::After(_));
        let wanted = if is_forward {
            numbers.start..numbers.end.min(numbers.start + count)
        } else {
            numbers.start.max(numbers.end - count)..numbers.end
        };
        let pages = self.archives(chat, wanted, is_forward).await?;
        let read = pages.len() as i64;
        // An archive cannot be missing, but a loop must end.
        match (read, is_forward) {
            (0, _) => *numbers = 0..0,
            (_, true) => numbers.start += read,
            (_, false) => numbers.end -= read,
        }
        Ok(pages)
    }

    /// Reads archives, oldest or newest first, until they have [`MAX_READ_BYTES`]; at least one.
    async fn archives(&self, chat: ChatId, numbers: Range<i64>, is_forward: bool) -> Result<Vec<Vec<Entry>>> {
        #[derive(Deserialize)]
        struct Archive {
            entries: Vec<Entry>,
        }
        let ids: Vec<_> = numbers.map(|number| archive_id(chat, number)).collect();
        let batch = u32::try_from(ids.len() + 1).unwrap_or(u32::MAX);
        let direction = if is_forward { 1 } else { -1 };
        let stages = vec![
            doc! { "$match": { "_id": { "$in": ids } } },
            // An archive that is not published yet has another number.
            doc! { "$set": { "first": { "$first": "$entries.seq" } } },
            doc! { "$setWindowFields": {
                "sortBy": { "first": direction },
                "output": { "before": {
                    "$sum": { "$bsonSize": "$$ROOT" }, "window": { "documents": ["unbounded", -1] },
                } },
            } },
            doc! { "$match": { "before": { "$not": { "$gte": MAX_READ_BYTES } } } },
            doc! { "$project": { "_id": 0, "entries": 1 } },
        ];
        let rows = self.0.aggregate(stages).batch_size(batch).with_type::<Archive>().await?;
        Ok(rows.map_ok(|archive| archive.entries).try_collect().await?)
    }
}

/// Selects the messages of a window from pages, in the direction of reading.
struct Collector {
    window: Window,
    limit: usize,
    /// The first entry that the reader sees.
    from: i64,
    bytes: usize,
    messages: Vec<Message>,
    has_more: bool,
}

impl Collector {
    /// Adds the messages of the next page; breaks once the window is complete.
    fn add_page(&mut self, entries: Vec<Entry>) -> ControlFlow<()> {
        let from = self.from;
        let mut visible = entries.into_iter().filter(|entry| entry.seq >= from);
        match self.window {
            Window::Latest => visible.rev().try_for_each(|entry| self.add(entry)),
            Window::Before(end) => visible.rev().filter(|entry| entry.seq < end).try_for_each(|entry| self.add(entry)),
            Window::After(start) => {
                visible.by_ref().filter(|entry| entry.seq > start).try_for_each(|entry| self.add(entry))
            }
        }
    }

    fn add(&mut self, entry: Entry) -> ControlFlow<()> {
        if !entry.is_message() {
            return ControlFlow::Continue(());
        }
        self.bytes += entry.text_bytes();
        let full = self.messages.len() == self.limit || (self.bytes > MAX_ANSWER_BYTES && !self.messages.is_empty());
        if full {
            self.has_more = true;
            return ControlFlow::Break(());
        }
        self.messages.extend(entry.into_message());
        ControlFlow::Continue(())
    }

    fn finish(mut self) -> History {
        if !matches!(self.window, Window::After(_)) {
            self.messages.reverse();
        }
        History { messages: self.messages, has_more: self.has_more }
    }
}
