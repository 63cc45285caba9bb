//! Catching up: everything that one device has missed, in all chats of its user.
//!
//! At most four commands, whatever was missed: the heads; then, side by side, the archives, and the
//! watermarks with the profiles; then what only these show to be missing. The heads are read first,
//! so the archives before them are complete, and their notes are those that the archives may lack.

mod answer;
mod chat;
mod read;
mod rows;

use std::collections::HashSet;

use self::answer::fit;
use self::chat::Chat;
use self::rows::{Head, TYPICAL_CHAT_BYTES};
use super::log::Log;
use crate::contract::synced::{SyncInput, SyncOutput};
use crate::error::Result;
use crate::values::ids::{ChatId, UserId};
use crate::values::known_chats::KnownChats;
use crate::values::timestamp::Timestamp;

/// The time by which `now` is behind the clock of the database. A write is stamped before it can be
/// read, and a device must not miss it.
const MARGIN: std::time::Duration = std::time::Duration::from_secs(60);

/// The typical size of an entry as JSON, which decides how much is read. The answer is measured.
const TYPICAL_ENTRY_BYTES: usize = 200;

impl Log {
    /// Returns what a device of `user` has missed, as at most `max_bytes` of JSON.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the database cannot be reached.
    pub async fn sync(&self, user: UserId, input: &SyncInput, max_bytes: usize) -> Result<SyncOutput> {
        let (mut heads, is_complete) = self.heads(user, input, max_bytes).await?;
        // Without a chat, nothing was missed, and nothing can be before the next chat.
        let now = heads.first().map_or(Timestamp::from_millis(0), |head| head.now - MARGIN);
        let gone = if input.before.is_none() { gone(&input.chats, &heads) } else { Vec::new() };
        let affordable = affordable(&heads, input, max_bytes);
        let is_complete = is_complete && affordable == heads.len();
        heads.truncate(affordable);

        let (mut entries, mut found) =
            tokio::try_join!(self.missed_entries(&heads, input), self.marks_and_profiles(user, &heads, input))?;
        let mut chats: Vec<Chat> =
            heads.into_iter().map(|head| Chat::new(head, user, input, &mut entries, &mut found)).collect();
        chats.retain(Chat::has_news);
        self.complete(&mut chats).await?;
        Ok(fit(chats, is_complete, now, gone, max_bytes))
    }
}

/// Returns the named chats that are not among the user's.
fn gone(named: &KnownChats, heads: &[Head]) -> Vec<ChatId> {
    let present: HashSet<ChatId> = heads.iter().map(|head| head.id).collect();
    named.iter().map(|(chat, _)| chat).filter(|chat| !present.contains(chat)).collect()
}

/// Returns the number of chats whose entries are worth reading for an answer of this size.
fn affordable(heads: &[Head], input: &SyncInput, max_bytes: usize) -> usize {
    let mut bytes = 0;
    let too_much = heads.iter().position(|head| {
        let entries = head.wanted(input).count();
        let is_too_much = bytes > max_bytes;
        bytes += entries * TYPICAL_ENTRY_BYTES + if head.is_new { TYPICAL_CHAT_BYTES } else { 0 };
        is_too_much
    });
    too_much.unwrap_or(heads.len())
}
