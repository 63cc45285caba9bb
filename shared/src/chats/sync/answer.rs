//! The answer, as far as it fits.

use std::io::{self, Write};

use serde::Serialize;

use super::chat::Chat;
use crate::contract::entry::Entry as PublicEntry;
use crate::contract::synced::SyncOutput;
use crate::values::ids::ChatId;
use crate::values::inbox_cursor::InboxCursor;
use crate::values::timestamp::Timestamp;

/// Returns the chats as far as they fit into an answer. At least one entry always fits.
pub(super) fn fit(
    chats: Vec<Chat>,
    is_complete: bool,
    now: Timestamp,
    gone: Vec<ChatId>,
    max_bytes: usize,
) -> SyncOutput {
    let mut output = SyncOutput { now, chats: Vec::new(), gone, next: None };
    let mut bytes = json_bytes(&output);
    let mut rest = chats.into_iter();
    let mut is_complete = is_complete;
    for chat in rest.by_ref() {
        let is_unknown = chat.is_unknown && chat.head.known.is_none();
        let (mut chat, entries) = chat.into_public();
        let base = json_bytes(&chat);
        let sizes: Vec<usize> = entries.iter().map(|entry| json_bytes(entry) + 1).collect();
        let smallest = if is_unknown { sizes.last() } else { sizes.first() };
        let has_room = bytes + base + smallest.copied().unwrap_or_default() <= max_bytes;
        if !has_room && !output.chats.is_empty() {
            is_complete = false;
            break;
        }
        bytes += base;
        let count = if is_unknown {
            fitting(sizes.iter().rev(), &mut bytes, max_bytes)
        } else {
            fitting(sizes.iter(), &mut bytes, max_bytes)
        };
        // Of a chat that is new to the device, the newest entries count.
        let first = if is_unknown { entries.len() - count } else { 0 };
        chat.more |= !is_unknown && count < entries.len();
        chat.entries = entries.into_iter().skip(first).take(count).collect();
        chat.from = chat.entries.first().map_or(chat.from, PublicEntry::seq);
        output.chats.push(chat);
        if bytes >= max_bytes {
            is_complete &= rest.len() == 0;
            break;
        }
    }
    if !is_complete {
        output.next = output.chats.last().map(|chat| InboxCursor { last_activity: chat.last_activity, chat: chat.id });
    }
    output
}

/// Returns the number of entries that fit, of which the first one always does.
fn fitting<'a>(sizes: impl Iterator<Item = &'a usize>, bytes: &mut usize, max_bytes: usize) -> usize {
    let mut count = 0;
    for size in sizes {
        if count > 0 && *bytes + size > max_bytes {
            *bytes = max_bytes;
            break;
        }
        *bytes += size;
        count += 1;
    }
    count
}

/// Returns the size of a value as JSON.
fn json_bytes(value: &impl Serialize) -> usize {
    let mut size = Size(0);
    serde_json::to_writer(&mut size, value).map_or(0, |()| size.0)
}

/// The number of bytes that were written.
struct Size(usize);

impl Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
