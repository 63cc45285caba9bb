//! The log as it should be: a list of everything that was appended, and nothing else.
//!
//! Its answers come from the list alone, without pages, notes or folding, so that a mistake of the
//! protocol cannot repeat itself here.

use crate::chat::{Change, Chat, Content, Entry, Key, Kind, Seq, USERS, User, Write};
use crate::search::{Violation, require};

pub(crate) const GAPLESS: &str = "seq is 1 … n, without a gap or a duplicate, and no entry is lost";
pub(crate) const ONCE: &str = "an entry is stored once, however often it is sent";
pub(crate) const FIRST_SEQ: &str = "a repeat has its first seq";
pub(crate) const MEMBERS_ONLY: &str = "who is not a member appends nothing and gets no answer";
pub(crate) const UNSEEN: &str = "nobody changes a message from before joining";
pub(crate) const ENTITLED: &str = "a member gets nothing from before joining, and nothing from after the removal";
pub(crate) const CONTENT: &str = "a content is the fold of all changes up to its changedSeq, in their order";
pub(crate) const CURRENT: &str = "everything that was appended before a read is in its answer";
pub(crate) const CONTIGUOUS: &str = "nobody sees an entry before one with a smaller seq";
pub(crate) const ERASED: &str = "the text of an acknowledged deletion is nowhere in the database";
pub(crate) const CONVERGED: &str = "a device that is connected and has synced finally holds exactly the log";
pub(crate) const PROGRESS: &str = "whatever dies wherever, the next request succeeds";

/// An appended entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Appended {
    by: User,
    key: Key,
    write: Write,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Truth {
    /// The first members.
    members: [Seq; USERS],
    log: Vec<Appended>,
}

/// An entry as a client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Shown {
    pub(crate) entry: Entry,
    /// The message of a change, in its current state.
    pub(crate) message: Option<(Seq, Content)>,
}

impl Shown {
    /// Returns the message that it carries.
    pub(crate) fn version(&self) -> Option<(Seq, Content)> {
        self.message.or(self.entry.content().map(|content| (self.entry.seq, content)))
    }
}

impl Truth {
    pub(crate) fn new(members: [Seq; USERS]) -> Self {
        Self { members, log: Vec::new() }
    }

    pub(crate) fn len(&self) -> Seq {
        self.log.len() as Seq
    }

    /// Returns the seq of an entry.
    pub(crate) fn seq(&self, key: Key) -> Option<Seq> {
        self.log.iter().position(|appended| appended.key == key).map(|index| index as Seq + 1)
    }

    fn numbered(&self) -> impl DoubleEndedIterator<Item = (Seq, &Appended)> {
        (1..).zip(&self.log).collect::<Vec<_>>().into_iter()
    }

    /// Returns the spans of seqs of which a user may get the entries: from joining to the removal.
    fn spans(&self, user: User) -> Vec<(Seq, Seq)> {
        let mut spans = Vec::from_iter((self.members[user] != 0).then_some((1, Seq::MAX)));
        for (seq, Appended { write, .. }) in self.numbered() {
            match (*write, spans.last_mut()) {
                (Write::Add(who), _) if who == user => spans.push((seq, Seq::MAX)),
                (Write::Remove(who), Some(span)) if who == user => span.1 = seq,
                _ => {}
            }
        }
        spans
    }

    /// Returns the first entry that a user sees now, or 0 for who is not a member.
    pub(crate) fn from(&self, user: User) -> Seq {
        self.spans(user).last().filter(|(_, end)| *end == Seq::MAX).map_or(0, |(from, _)| *from)
    }

    /// Returns whether a user was a member at some time since the chat had `began` entries.
    fn was_member(&self, user: User, began: Seq) -> bool {
        self.spans(user).iter().any(|(_, end)| *end > began)
    }

    /// Returns whether a user sees the chat from this entry on, and so may miss those before it.
    pub(crate) fn is_start(&self, user: User, seq: Seq) -> bool {
        self.spans(user).iter().any(|(from, _)| *from == seq)
    }

    /// Returns a message after the changes up to a seq, or `None` if there is no such message.
    pub(crate) fn content(&self, target: Seq, limit: Seq) -> Option<Content> {
        let message = self.log.get(target as usize - 1).filter(|appended| appended.write == Write::Message)?;
        let changes: Vec<_> = self
            .numbered()
            .filter_map(|(seq, Appended { by, key, write })| match *write {
                Write::Change { target: other, change } if other == target && seq <= limit => {
                    Some((seq, *by, *key, change))
                }
                _ => None,
            })
            .collect();
        let changed = changes.last().map_or(0, |(seq, ..)| *seq);
        if changes.iter().any(|(.., change)| *change == Change::Delete) {
            return Some(Content { changed, text: None, reactions: [None; USERS] });
        }
        let latest = |wanted: Change, user: Option<User>| {
            let mut newest_first = changes.iter().rev();
            let found =
                newest_first.find(|(_, by, _, change)| *change == wanted && user.is_none_or(|user| *by == user));
            found.map(|(_, _, key, _)| *key)
        };
        let text = latest(Change::Edit, None).or(Some(message.key));
        Some(Content { changed, text, reactions: [0, 1, 2].map(|user| latest(Change::React, Some(user))) })
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// The entry should have been refused.
    pub(crate) fn append(&mut self, by: User, key: Key, write: Write) -> Result<(), Violation> {
        let from = self.from(by);
        require(from != 0, MEMBERS_ONLY, || format!("user {by} appended {key}"))?;
        require(self.seq(key).is_none(), ONCE, || format!("{key} was appended again"))?;
        if let Write::Change { target, .. } = write {
            require(target >= from, UNSEEN, || format!("user {by} sees {from} …, and changed {target}"))?;
        }
        self.log.push(Appended { by, key, write });
        Ok(())
    }

    /// Checks the acknowledgement of a write that `began` when the chat had so many entries.
    ///
    /// # Errors
    /// It has another seq, or the user may not get it.
    pub(crate) fn check_acknowledgement(&self, by: User, key: Key, seq: Seq, began: Seq) -> Result<(), Violation> {
        require(self.was_member(by, began), MEMBERS_ONLY, || format!("user {by} got an acknowledgement of {key}"))?;
        require(self.seq(key) == Some(seq), FIRST_SEQ, || format!("{key} is {:?}, not {seq}", self.seq(key)))
    }

    /// Checks what a client gets.
    ///
    /// # Errors
    /// It is wrong, or the user may not get it.
    pub(crate) fn check_shown(&self, user: User, shown: &Shown) -> Result<(), Violation> {
        let Entry { seq, by, key, kind } = shown.entry;
        let detail = || format!("user {user} got {shown:?}");
        let expected = self.log.get(seq as usize - 1);
        let is_entry = expected.is_some_and(|appended| (appended.by, appended.key) == (by, key));
        require(is_entry && expected.is_some_and(|appended| is_kind(kind, appended.write)), GAPLESS, detail)?;
        let spans = self.spans(user);
        let may_get = |seq: Seq| spans.iter().any(|(from, end)| (*from..=*end).contains(&seq));
        require(may_get(seq), ENTITLED, detail)?;
        if let Some((target, content)) = shown.version() {
            let newest = content.changed.max(target);
            let is_in_one_span = spans.iter().any(|(from, end)| *from <= target && newest <= *end);
            require(is_in_one_span, ENTITLED, detail)?;
            self.check_version(target, content)?;
            require(target == seq || content.changed >= seq, CURRENT, detail)?;
        }
        Ok(())
    }

    /// Checks one version of a message.
    fn check_version(&self, target: Seq, content: Content) -> Result<(), Violation> {
        let expected = self.content(target, content.changed);
        require(expected == Some(content), CONTENT, || format!("{target} is {content:?}, not {expected:?}"))
    }

    /// Checks the answer of a read after `since` that `began` when the chat had so many entries.
    ///
    /// # Errors
    /// It has a gap, is older than the read, or shows what it should not.
    pub(crate) fn check_answer(&self, user: User, since: Seq, began: Seq, answer: &[Shown]) -> Result<(), Violation> {
        require(self.was_member(user, began), MEMBERS_ONLY, || format!("user {user} got {answer:?}"))?;
        let detail = || format!("user {user} got {answer:?} after {since}");
        let seqs: Vec<_> = answer.iter().map(|shown| shown.entry.seq).collect();
        require(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), CONTIGUOUS, detail)?;
        let starts = self.spans(user).into_iter().map(|(from, _)| from.max(since + 1));
        require(seqs.first().is_none_or(|first| starts.into_iter().any(|start| start == *first)), CONTIGUOUS, detail)?;
        let newest = seqs.last().copied().unwrap_or(since);
        // Who was removed during the read may get what was there before.
        let removal = self.spans(user).into_iter().map(|(_, end)| end).find(|end| *end > began);
        require(newest >= began.min(removal.unwrap_or(began)), CURRENT, detail)?;
        let spans = self.spans(user);
        for shown in answer {
            self.check_shown(user, shown)?;
            if let Kind::Change { target, .. } = shown.entry.kind {
                let is_visible = spans.iter().any(|(from, end)| *from <= target && shown.entry.seq <= *end);
                let is_shown = answer.iter().filter_map(Shown::version).any(|(seq, _)| seq == target);
                require(is_shown || !is_visible, CURRENT, detail)?;
            }
            if let Some((target, content)) = shown.version() {
                let known = self.content(target, newest);
                require(known.is_some_and(|known| content.changed >= known.changed), CURRENT, detail)?;
            }
        }
        Ok(())
    }

    /// Checks the database: it has the log, the members, and no text that `erased` writes deleted.
    ///
    /// # Errors
    /// It differs.
    pub(crate) fn check_database(&self, chat: &Chat, erased: &[Key]) -> Result<(), Violation> {
        let Chat { head, archives } = chat;
        let archived = (0..head.number).flat_map(|number| chat.archive(number));
        let mut entries: Vec<_> = archived.chain(head.entries.iter().copied()).collect();
        let numbers_fit = entries.iter().zip(1..).all(|(entry, seq)| entry.seq == seq);
        let keys_fit = entries.iter().map(|entry| entry.key).eq(self.log.iter().map(|appended| appended.key));
        let is_log = numbers_fit && keys_fit && head.last_seq == self.len();
        require(is_log, GAPLESS, || format!("the log is {:?}, and the database has {entries:?}", self.log))?;
        for Entry { seq, kind, .. } in &mut entries {
            let Kind::Message(content) = kind else { continue };
            self.check_version(*seq, *content)?;
            let own = head.pending.iter().filter(|note| note.target == *seq);
            let content = own.fold(*content, |content, note| content.fold(note));
            let expected = self.content(*seq, self.len());
            require(Some(content) == expected, CURRENT, || format!("{seq} is {content:?}, not {expected:?}"))?;
        }
        self.check_preview(chat)?;
        let members = [0, 1, 2].map(|user| self.from(user));
        require(head.members == members, MEMBERS_ONLY, || format!("{:?} are members, not {members:?}", head.members))?;

        // Texts in any document, whether or not a reader would find them.
        let stored = archives.values().flat_map(|archive| &archive.entries).chain(&head.entries);
        let contents = stored.filter_map(Entry::content).chain(head.last.map(|(_, content)| content));
        let texts: Vec<_> = contents.filter_map(|content| content.text).collect();
        let notes: Vec<_> =
            head.pending.iter().filter(|note| note.change == Change::Edit).map(|note| note.key).collect();
        for key in erased {
            let dead = self.erased_by(*key);
            let remains = texts.iter().chain(&notes).find(|text| dead.contains(text));
            require(remains.is_none(), ERASED, || format!("{remains:?} is in the database after {key}"))?;
        }
        Ok(())
    }

    /// Checks the message that the list of chats shows.
    fn check_preview(&self, Chat { head, .. }: &Chat) -> Result<(), Violation> {
        let preview = head.last_message().or(head.last).map(|(seq, content)| {
            let own = head.pending.iter().filter(|note| note.target == seq);
            (seq, own.fold(content, |content, note| content.fold(note)))
        });
        let expected = (1..=self.len()).rev().find_map(|seq| Some((seq, self.content(seq, self.len())?)));
        require(preview == expected, CURRENT, || format!("the last message is {preview:?}, not {expected:?}"))
    }

    /// Returns the texts that a deletion erased. The text of an edit after it disappears when the note
    /// of that edit is applied.
    fn erased_by(&self, deletion: Key) -> Vec<Key> {
        let Some(seq) = self.seq(deletion) else { return Vec::new() };
        let Write::Change { target, change: Change::Delete } = self.log[seq as usize - 1].write else {
            return Vec::new();
        };
        let earlier = self.numbered().filter(|(number, appended)| {
            *number == target || (*number < seq && appended.write == Write::Change { target, change: Change::Edit })
        });
        earlier.map(|(_, appended)| appended.key).collect()
    }
}

/// Returns whether an entry is what a write stores.
fn is_kind(kind: Kind, write: Write) -> bool {
    match (kind, write) {
        (Kind::Message(_), Write::Message) => true,
        (Kind::Change { target, change }, write) => write == Write::Change { target, change },
        (Kind::Added(who), Write::Add(other)) | (Kind::Removed(who), Write::Remove(other)) => who == other,
        _ => false,
    }
}
