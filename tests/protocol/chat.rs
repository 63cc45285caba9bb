//! The database. Each function is one command, which MongoDB executes at once or not at all.

use std::collections::BTreeMap;

use crate::flaws::{Flaw, Flaws};

/// The number of entries in a full head. The real number is 64.
pub(crate) const PAGE: usize = 2;
/// The largest number of notes in a head. The real number is 64.
pub(crate) const MAX_NOTES: usize = 2;
pub(crate) const USERS: usize = 3;

/// A position in the chat: 1, 2, 3 …, or 0 for none.
pub(crate) type Seq = u8;
/// The name of a write, which its repeats share. It also stands for the text that it writes.
pub(crate) type Key = u8;
/// The index of a user.
pub(crate) type User = usize;

/// A change of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Change {
    Edit,
    Delete,
    React,
}

/// A request that appends an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Write {
    Message,
    Change { target: Seq, change: Change },
    Add(User),
    Remove(User),
}

/// The content of a message, which is stored only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Content {
    /// The last change in it.
    pub(crate) changed: Seq,
    /// `None` once the message is deleted.
    pub(crate) text: Option<Key>,
    pub(crate) reactions: [Option<Key>; USERS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Message(Content),
    Change { target: Seq, change: Change },
    Added(User),
    Removed(User),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) seq: Seq,
    pub(crate) by: User,
    pub(crate) key: Key,
    pub(crate) kind: Kind,
}

/// A change of an archived message that may not be in the archive yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Note {
    pub(crate) seq: Seq,
    pub(crate) target: Seq,
    pub(crate) by: User,
    pub(crate) change: Change,
    /// The text or the reaction.
    pub(crate) key: Key,
}

/// The one document of a chat that has its state and its newest entries.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Head {
    /// The first entry that each user sees; 0 if the user is not a member.
    pub(crate) members: [Seq; USERS],
    pub(crate) number: usize,
    pub(crate) last_seq: Seq,
    pub(crate) entries: Vec<Entry>,
    pub(crate) keys: Vec<Key>,
    pub(crate) prev_keys: Vec<Key>,
    pub(crate) pending: Vec<Note>,
    /// The last archived message.
    pub(crate) last: Option<(Seq, Content)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Archive {
    pub(crate) entries: Vec<Entry>,
    /// `None` while the head still refuses the keys itself.
    pub(crate) keys: Option<Vec<Key>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Chat {
    pub(crate) head: Head,
    pub(crate) archives: BTreeMap<usize, Archive>,
}

impl Content {
    /// Returns the content after a change, unless that is in it already.
    pub(crate) fn fold(self, note: &Note) -> Self {
        if self.changed >= note.seq { self } else { self.after(note) }
    }

    fn after(self, note: &Note) -> Self {
        let mut content = Self { changed: note.seq, ..self };
        match note.change {
            // Nothing brings a deleted message back.
            _ if content.text.is_none() => {}
            Change::Edit => content.text = Some(note.key),
            Change::React => content.reactions[note.by] = Some(note.key),
            Change::Delete => content = Self { changed: note.seq, text: None, reactions: [None; USERS] },
        }
        content
    }
}

impl Entry {
    /// Returns the content of a message.
    pub(crate) fn content(&self) -> Option<Content> {
        match self.kind {
            Kind::Message(content) => Some(content),
            _ => None,
        }
    }

    /// Applies those of the notes, which are in the order of their seqs, whose target is the entry.
    pub(crate) fn fold(&mut self, notes: &[Note]) {
        if let Kind::Message(content) = &mut self.kind {
            let own = notes.iter().filter(|note| note.target == self.seq);
            *content = own.fold(*content, |content, note| content.fold(note));
        }
    }
}

impl Head {
    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() == PAGE
    }

    /// Returns the number of entries before those of the head.
    pub(crate) fn archived(&self) -> Seq {
        (self.number * PAGE) as Seq
    }

    /// Returns the last message among the entries of the head.
    pub(crate) fn last_message(&self) -> Option<(Seq, Content)> {
        self.entries.iter().rev().find_map(|entry| Some((entry.seq, entry.content()?)))
    }

    /// Returns whether the rule of a write allows it, as far as the state of the chat decides.
    pub(crate) fn allows(&self, by: User, write: Write, flaws: Flaws) -> bool {
        match write {
            Write::Message => true,
            Write::Change { target, .. } => target >= self.members[by] || flaws.has(Flaw::ChangeOfUnseenMessage),
            Write::Add(who) => self.members[who] == 0,
            Write::Remove(who) => self.members[who] != 0,
        }
    }
}

/// Returns the number of the archive that has an entry.
pub(crate) fn page_of(seq: Seq) -> usize {
    (seq as usize - 1) / PAGE
}

impl Chat {
    pub(crate) fn new(members: [Seq; USERS]) -> Self {
        let (entries, keys, prev_keys, pending) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let head = Head { members, number: 0, last_seq: 0, entries, keys, prev_keys, pending, last: None };
        Self { head, archives: BTreeMap::new() }
    }

    /// Appends an entry. Returns the head after it, or `None` if the filter or the unique index refuses.
    pub(crate) fn append(&mut self, by: User, key: Key, write: Write, flaws: Flaws) -> Option<Head> {
        let head = &mut self.head;
        let is_member = head.members[by] != 0 || flaws.has(Flaw::MembershipByAnEarlierRead);
        let has_room = !head.is_full() && head.pending.len() < MAX_NOTES;
        let is_new = !head.keys.contains(&key)
            && (!head.prev_keys.contains(&key) || flaws.has(Flaw::NoPreviousKeys))
            && !self.archives.values().any(|archive| archive.keys.iter().flatten().any(|other| *other == key));
        if !(is_member && has_room && is_new && head.allows(by, write, flaws)) {
            return None;
        }
        head.last_seq += 1;
        let seq = head.last_seq;
        let kind = match write {
            Write::Message => Kind::Message(Content { changed: 0, text: Some(key), reactions: [None; USERS] }),
            Write::Change { target, change } => {
                let note = Note { seq, target, by, change, key };
                if target > head.archived() {
                    head.entries.iter_mut().for_each(|entry| entry.fold(&[note]));
                } else {
                    head.pending.push(note);
                }
                Kind::Change { target, change }
            }
            Write::Add(who) => {
                head.members[who] = seq;
                Kind::Added(who)
            }
            Write::Remove(who) => {
                head.members[who] = 0;
                Kind::Removed(who)
            }
        };
        head.entries.push(Entry { seq, by, key, kind });
        head.keys.push(key);
        Some(head.clone())
    }

    /// Reads the head.
    pub(crate) fn head(&self) -> Head {
        self.head.clone()
    }

    /// Reads an archive.
    pub(crate) fn archive(&self, number: usize) -> Vec<Entry> {
        self.archives.get(&number).map(|archive| archive.entries.clone()).unwrap_or_default()
    }

    /// Finds an entry by its key, with a write that changes nothing.
    pub(crate) fn original(&self, key: Key) -> Option<Entry> {
        let archives = self.archives.values().filter_map(|archive| Some((archive.keys.as_ref()?, &archive.entries)));
        archives.chain([(&self.head.keys, &self.head.entries)]).find_map(|(keys, entries)| {
            let index = keys.iter().position(|other| *other == key)?;
            entries.get(index).copied()
        })
    }

    /// Stores the archive of a full head, without keys, unless it is stored already.
    pub(crate) fn insert_archive(&mut self, full: &Head) {
        self.archives.entry(full.number).or_insert(Archive { entries: full.entries.clone(), keys: None });
    }

    /// Removes the entries from the head, if it is still the one that was archived.
    pub(crate) fn flip(&mut self, full: &Head, flaws: Flaws) {
        let head = &mut self.head;
        let is_same = head.number == full.number || flaws.has(Flaw::FlipOfAnyPage);
        if !is_same || !head.is_full() {
            return;
        }
        let last = head.last_message();
        head.last = last.or(if flaws.has(Flaw::LastFromAnEarlierRead) { full.last } else { head.last });
        head.number += 1;
        head.entries.clear();
        head.prev_keys = std::mem::take(&mut head.keys);
    }

    /// Gives an archive its keys, unless it has them already.
    pub(crate) fn publish(&mut self, number: usize, keys: &[Key]) {
        if let Some(archive) = self.archives.get_mut(&number) {
            archive.keys.get_or_insert_with(|| keys.to_vec());
        }
    }

    /// Applies a note to the archive of its target.
    pub(crate) fn apply(&mut self, note: &Note, flaws: Flaws) {
        let Some(archive) = self.archives.get_mut(&page_of(note.target)) else { return };
        for entry in &mut archive.entries {
            match &mut entry.kind {
                Kind::Message(content) if entry.seq == note.target && flaws.has(Flaw::NotesWithoutGuard) => {
                    *content = content.after(note);
                }
                _ => entry.fold(std::slice::from_ref(note)),
            }
        }
    }

    /// Removes applied notes from the head, and applies them to its copy of the last message.
    pub(crate) fn drop_notes(&mut self, notes: &[Note]) {
        for note in notes {
            if let Some((seq, content)) = &mut self.head.last
                && *seq == note.target
            {
                *content = content.fold(note);
            }
        }
        self.head.pending.retain(|note| !notes.iter().any(|other| other.seq == note.seq));
    }
}
