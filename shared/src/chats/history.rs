//! Reading the messages of one chat.

use std::ops::ControlFlow;

use futures_util::TryStreamExt;
use mongodb::bson::doc;
use serde::Deserialize;

use super::entry::Entry;
use super::log::{Head, Log, PAGE, archive_id};
use crate::contract::message::Message;
use crate::error::Result;
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

impl Log {
    /// Reads at most `limit` messages of a chat that `reader` is a member of.
    ///
    /// The head is read first, so the archives before it are complete. That is one command for
    /// messages of the head, and two for older ones.
    ///
    /// # Errors
    /// [`NO_SUCH_CHAT`](crate::contract::errors::NO_SUCH_CHAT) or
    /// [`NOT_A_MEMBER`](crate::contract::errors::NOT_A_MEMBER).
    pub async fn history(&self, chat: ChatId, reader: UserId, window: Window, limit: usize) -> Result<History> {
        let (Head { number, entries, .. }, member) = self.head(chat, reader).await?;
        let mut collector =
            Collector { window, limit, from: member.from, bytes: 0, messages: Vec::new(), has_more: false };
        // A window may begin and end inside a page, and one more message shows whether there is more.
        let pages = (limit as i64 + 1) / PAGE + 2;
        match window {
            Window::After(seq) => {
                let first = seq.max(member.from - 1) / PAGE;
                let archives = self.archives(chat, first..number.min(first + pages)).await?;
                let _ = archives.into_iter().chain([entries]).try_for_each(|page| collector.add_page(page));
            }
            Window::Latest | Window::Before(_) => {
                if collector.add_page(entries).is_continue() {
                    let end = if let Window::Before(seq) = window { (seq - 2).div_euclid(PAGE) + 1 } else { number };
                    let end = end.min(number);
                    let archives = self.archives(chat, (end - pages).max(0)..end).await?;
                    let _ = archives.into_iter().rev().try_for_each(|page| collector.add_page(page));
                }
            }
        }
        Ok(collector.finish())
    }

    /// Returns the last message of a chat that `reader` is a member of, if there is one.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub async fn last(&self, chat: ChatId, reader: UserId) -> Result<Option<Message>> {
        let (Head { mut entries, last, .. }, _) = self.head(chat, reader).await?;
        Ok(entries.pop().or(last).map(Entry::into_message))
    }

    /// Reads archives, in their order.
    async fn archives(&self, chat: ChatId, numbers: std::ops::Range<i64>) -> Result<Vec<Vec<Entry>>> {
        #[derive(Deserialize)]
        struct Archive {
            entries: Vec<Entry>,
        }
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = numbers.map(|number| archive_id(chat, number)).collect();
        let batch = u32::try_from(ids.len() + 1).unwrap_or(u32::MAX);
        let archives = self.0.clone_with_type::<Archive>();
        let cursor = archives
            .find(doc! { "_id": { "$in": ids } })
            .projection(doc! { "_id": 0, "entries": 1 })
            .batch_size(batch)
            .await?;
        let mut found: Vec<Vec<Entry>> = cursor.map_ok(|archive| archive.entries).try_collect().await?;
        found.sort_by_key(|entries| entries.first().map(|entry| entry.seq));
        Ok(found)
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
        self.bytes += entry.text.len();
        let full = self.messages.len() == self.limit || (self.bytes > MAX_ANSWER_BYTES && !self.messages.is_empty());
        if full {
            self.has_more = true;
            return ControlFlow::Break(());
        }
        self.messages.push(entry.into_message());
        ControlFlow::Continue(())
    }

    fn finish(mut self) -> History {
        if !matches!(self.window, Window::After(_)) {
            self.messages.reverse();
        }
        History { messages: self.messages, has_more: self.has_more }
    }
}
