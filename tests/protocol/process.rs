//! The processes: each runs one request, one command at a time, and may stop for ever after each.

use std::collections::BTreeMap;

use crate::chat::{Change, Content, Entry, Head, Key, Kind, Note, Seq, User, Write, page_of};
use crate::flaws::Flaw;
use crate::search::Violation;
use crate::truth::Shown;
use crate::world::World;

/// A request of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Request {
    /// Appends an entry. Requests with the same key are repeats.
    Write { by: User, key: Key, write: Write },
    /// Reads the entries after a seq.
    Read { by: User, since: Seq },
}

/// The next command of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Next {
    Begin,
    ReadTarget { head: Head },
    Append,
    Diagnose,
    FindOriginal { head: Head },
    ReadFullHead { then: Box<Next> },
    InsertArchive { full: Head, then: Box<Next> },
    Flip { full: Head, then: Box<Next> },
    Publish { number: usize, keys: Vec<Key>, then: Box<Next> },
    Apply { notes: Vec<Note>, index: usize, acknowledged: Option<Seq>, then: Box<Next> },
    DropNotes { notes: Vec<Note>, acknowledged: Option<Seq>, then: Box<Next> },
    ReadChanged { entry: Entry, head: Head, then: Box<Next> },
    Announce { shown: Shown, head: Head, then: Box<Next> },
    ReadPage { head: Head, pages: BTreeMap<usize, Vec<Entry>>, number: usize },
    ReadHeadLast { pages: BTreeMap<usize, Vec<Entry>> },
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) request: Request,
    next: Next,
    /// The number of entries when the request began.
    began: Option<Seq>,
    pub(crate) is_acknowledged: bool,
    /// The answer of a read by a device, until it arrives; `None` in it if the chat is not the user's.
    pub(crate) answer: Option<Option<Vec<Shown>>>,
    /// Only for flaws: what was read before the append.
    early: Option<Early>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Early {
    Receives(bool),
    Content(Content),
}

impl Process {
    pub(crate) fn new(request: Request) -> Self {
        Self { request, next: Next::Begin, began: None, is_acknowledged: false, answer: None, early: None }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.next == Next::Done
    }

    /// Returns the name of the next command.
    pub(crate) fn command(&self) -> &'static str {
        match &self.next {
            Next::Begin => "begins",
            Next::ReadTarget { .. } => "reads the archive of the target",
            Next::Append => "tries to append",
            Next::Diagnose => "reads why the head refused",
            Next::FindOriginal { .. } => "looks for the original",
            Next::ReadFullHead { .. } => "reads the full head",
            Next::InsertArchive { .. } => "stores the archive",
            Next::Flip { .. } => "empties the head",
            Next::Publish { .. } => "gives the archive its keys",
            Next::Apply { .. } => "applies a note",
            Next::DropNotes { .. } => "removes the notes",
            Next::ReadChanged { .. } => "reads the changed message",
            Next::Announce { .. } => "looks up the receivers and announces",
            Next::ReadPage { .. } => "reads an archive",
            Next::ReadHeadLast { .. } => "reads the head",
            Next::Done => "is done",
        }
    }

    /// Executes the next command on `world`, which the process is not part of at the moment.
    pub(crate) fn step(&mut self, world: &mut World) -> Result<(), Violation> {
        self.began.get_or_insert(world.truth.len());
        self.next = match (std::mem::replace(&mut self.next, Next::Done), self.request) {
            (Next::Begin, Request::Read { by, .. }) => self.read_head(by, world)?,
            (Next::Begin, Request::Write { by, key, write }) => self.begin_write(by, key, write, world)?,
            (Next::ReadHeadLast { pages }, Request::Read { by, since }) => {
                let head = world.chat.head();
                self.answer(by, since, head, &pages, world)?
            }
            (Next::ReadPage { head, mut pages, number }, Request::Read { by, since }) => {
                pages.insert(number, world.chat.archive(number));
                self.read_pages(by, since, head, pages, world)?
            }
            (next, Request::Write { by, key, write }) => self.write(next, by, key, write, world)?,
            (next, Request::Read { .. }) => next,
        };
        if self.is_done() {
            (self.began, self.early) = (None, None);
        }
        Ok(())
    }

    fn began(&self) -> Seq {
        self.began.unwrap_or_default()
    }

    /// Begins a write: a change reads its target, to learn whether the user may change it.
    fn begin_write(&mut self, by: User, key: Key, write: Write, world: &mut World) -> Result<Next, Violation> {
        let flaws = world.flaws;
        if flaws.has(Flaw::ReceiversBeforeAppend) && world.device.is_some() {
            self.early = world.device.as_ref().map(|device| Early::Receives(device.is_recorded));
            return Ok(Next::Append);
        }
        let Write::Change { target, .. } = write else {
            if flaws.has(Flaw::MembershipByAnEarlierRead) {
                let is_member = world.chat.head().members[by] != 0;
                return Ok(if is_member { Next::Append } else { Next::Done });
            }
            return self.append(by, key, write, world);
        };
        let head = world.chat.head();
        let from = head.members[by];
        if from == 0 || target < from || target > head.last_seq {
            return Ok(Next::Done);
        }
        if target <= head.archived() {
            return Ok(Next::ReadTarget { head });
        }
        let entry = head.entries.iter().find(|entry| entry.seq == target).copied();
        Ok(self.begin_change(by, write, entry, world))
    }

    /// Continues with the append if the user may change the target.
    fn begin_change(&mut self, by: User, write: Write, target: Option<Entry>, world: &World) -> Next {
        let Some(Entry { by: author, kind: Kind::Message(content), .. }) = target else { return Next::Done };
        let is_reaction = matches!(write, Write::Change { change: Change::React, .. });
        // A repeated deletion finds its message deleted.
        let is_deletion = matches!(write, Write::Change { change: Change::Delete, .. });
        if !(is_reaction || author == by) || !(is_deletion || content.text.is_some()) {
            return Next::Done;
        }
        if world.flaws.has(Flaw::ContentBeforeAppend) {
            self.early = Some(Early::Content(content));
        }
        Next::Append
    }

    fn append(&mut self, by: User, key: Key, write: Write, world: &mut World) -> Result<Next, Violation> {
        let Some(head) = world.chat.append(by, key, write, world.flaws) else { return Ok(Next::Diagnose) };
        world.truth.append(by, key, write)?;
        let Some(entry) = head.entries.last().copied() else { return Ok(Next::Done) };
        let then = if head.is_full() { Next::ReadFullHead { then: Box::new(Next::Done) } } else { Next::Done };
        self.finish(entry, head, then, world)
    }

    /// Acknowledges an entry; what remains to be done for it is done before or after that.
    ///
    /// A deletion is acknowledged only when its note is applied and removed, and everything else at
    /// once.
    fn finish(&mut self, entry: Entry, head: Head, then: Next, world: &World) -> Result<Next, Violation> {
        let is_noted = head.pending.iter().any(|note| note.seq == entry.seq);
        let is_deletion = matches!(entry.kind, Kind::Change { change: Change::Delete, .. });
        let waits = is_noted && is_deletion && !world.flaws.has(Flaw::DeletionAcknowledgedEarly);
        if !waits {
            self.acknowledge(entry.seq, world)?;
        }
        let then = if is_noted {
            let mut notes = head.pending.clone();
            if world.flaws.has(Flaw::OwnNoteOnly) {
                notes.retain(|note| note.seq == entry.seq);
            }
            apply(notes, waits.then_some(entry.seq), then, world)
        } else {
            then
        };
        Ok(self.announce(entry, head, then, world))
    }

    fn acknowledge(&mut self, seq: Seq, world: &World) -> Result<(), Violation> {
        self.is_acknowledged = true;
        match self.request {
            Request::Write { by, key, .. } => world.truth.check_acknowledgement(by, key, seq, self.began()),
            Request::Read { .. } => Ok(()),
        }
    }

    /// Continues a write that has begun.
    fn write(&mut self, next: Next, by: User, key: Key, write: Write, world: &mut World) -> Result<Next, Violation> {
        let (flaws, chat) = (world.flaws, &mut world.chat);
        Ok(match next {
            Next::ReadTarget { head } => {
                let Write::Change { target, .. } = write else { return Ok(Next::Done) };
                let mut entry = chat.archive(page_of(target)).into_iter().find(|entry| entry.seq == target);
                entry.iter_mut().for_each(|entry| entry.fold(&head.pending));
                self.begin_change(by, write, entry, world)
            }
            Next::Append => self.append(by, key, write, world)?,
            Next::Diagnose => diagnose(by, key, world),
            Next::FindOriginal { head } => self.repeat(by, key, write, head, world)?,
            Next::ReadFullHead { then } => {
                let full = chat.head();
                if !full.is_full() {
                    return Ok(*then);
                }
                let (number, keys) = (full.number, full.prev_keys.clone());
                let archive = Next::InsertArchive { full, then };
                // The roll overwrites `prevKeys`.
                if number == 0 || flaws.has(Flaw::NoPublishBeforeFlip) {
                    archive
                } else {
                    Next::Publish { number: number - 1, keys, then: Box::new(archive) }
                }
            }
            Next::InsertArchive { full, then } => {
                chat.insert_archive(&full);
                Next::Flip { full, then }
            }
            Next::Flip { full, then } => {
                chat.flip(&full, flaws);
                Next::Publish { number: full.number, keys: full.keys, then }
            }
            Next::Publish { number, keys, then } => {
                chat.publish(number, &keys);
                *then
            }
            Next::Apply { notes, index, acknowledged, then } => {
                chat.apply(&notes[index], flaws);
                if index + 1 < notes.len() {
                    Next::Apply { notes, index: index + 1, acknowledged, then }
                } else if flaws.has(Flaw::NotesDroppedFirst) {
                    self.applied(acknowledged, *then, world)?
                } else {
                    Next::DropNotes { notes, acknowledged, then }
                }
            }
            Next::DropNotes { notes, acknowledged, then } => {
                chat.drop_notes(&notes);
                if flaws.has(Flaw::NotesDroppedFirst) {
                    Next::Apply { notes, index: 0, acknowledged, then }
                } else {
                    self.applied(acknowledged, *then, world)?
                }
            }
            Next::ReadChanged { entry, head, then } => read_changed(entry, head, then, world),
            Next::Announce { shown, head, then } => {
                if let Some(device) = &mut world.device {
                    let receives =
                        if let Some(Early::Receives(receives)) = self.early { receives } else { device.is_recorded };
                    if receives {
                        device.send(shown, &head, flaws);
                    }
                }
                *then
            }
            next => next,
        })
    }

    /// Continues when the notes are applied and removed.
    fn applied(&mut self, acknowledged: Option<Seq>, then: Next, world: &World) -> Result<Next, Violation> {
        if let Some(seq) = acknowledged {
            self.acknowledge(seq, world)?;
        }
        Ok(then)
    }

    /// Answers a repeat with the original in its current state, if there is an original.
    fn repeat(&mut self, by: User, key: Key, write: Write, head: Head, world: &World) -> Result<Next, Violation> {
        let Some(mut entry) = world.chat.original(key) else {
            return Ok(if head.allows(by, write, world.flaws) { Next::Append } else { Next::Done });
        };
        entry.fold(&head.pending);
        if newest(&entry) > head.last_seq && !world.flaws.has(Flaw::NewerThanHead) {
            let is_trusted = world.flaws.has(Flaw::RepeatedDeletionUnfinished) && entry.content().is_none();
            if !is_trusted {
                return Ok(Next::Diagnose);
            }
        }
        // Who joined again gets only the seq of what is from before that.
        if entry.seq >= head.members[by] && head.members[by] != 0 {
            world.truth.check_shown(by, &Shown { entry, message: None })?;
        }
        self.finish(entry, head, Next::Done, world)
    }

    /// Announces an entry to the members in `head`, if the model has a device.
    fn announce(&self, entry: Entry, head: Head, then: Next, world: &World) -> Next {
        if world.device.is_none() {
            return then;
        }
        let then = Box::new(then);
        let Kind::Change { target, .. } = entry.kind else {
            return Next::Announce { shown: Shown { entry, message: None }, head, then };
        };
        if let Some(Early::Content(content)) = self.early {
            let mut early = Entry { seq: target, by: 0, key: 0, kind: Kind::Message(content) };
            early.fold(&head.pending);
            let message = early.content().map(|content| (target, content));
            return Next::Announce { shown: Shown { entry, message }, head, then };
        }
        if target <= head.archived() {
            return Next::ReadChanged { entry, head, then };
        }
        let found = head.entries.iter().find(|entry| entry.seq == target);
        let message = found.and_then(Entry::content).map(|content| (target, content));
        Next::Announce { shown: Shown { entry, message }, head, then }
    }

    /// Begins a read, or begins it again.
    fn read_head(&mut self, by: User, world: &World) -> Result<Next, Violation> {
        if world.flaws.has(Flaw::HeadLast) {
            let archives = world.chat.archives.iter();
            let pages = archives.map(|(number, archive)| (*number, archive.entries.clone())).collect();
            return Ok(Next::ReadHeadLast { pages });
        }
        let Request::Read { since, .. } = self.request else { return Ok(Next::Done) };
        let head = world.chat.head();
        if head.members[by] == 0 {
            self.answer = Some(None);
            return Ok(Next::Done);
        }
        self.read_pages(by, since, head, BTreeMap::new(), world)
    }

    /// Reads the next archive that the answer needs, or answers.
    fn read_pages(
        &mut self,
        by: User,
        since: Seq,
        head: Head,
        pages: BTreeMap<usize, Vec<Entry>>,
        world: &World,
    ) -> Result<Next, Violation> {
        let from = if world.flaws.has(Flaw::FromIgnored) { 1 } else { head.members[by] };
        let first = page_of(from.max(since + 1));
        let read = pages.values().flatten().chain(&head.entries).filter(|entry| entry.seq > since);
        let targets = read.filter_map(|entry| match entry.kind {
            Kind::Change { target, .. } if target >= from => Some(page_of(target)),
            _ => None,
        });
        let mut wanted = (first..head.number).chain(targets.filter(|number| *number < head.number));
        match wanted.find(|number| !pages.contains_key(number)) {
            Some(number) => Ok(Next::ReadPage { head, pages, number }),
            None => self.answer(by, since, head, &pages, world),
        }
    }

    /// Answers a read from the head and the archives that were read after it.
    fn answer(
        &mut self,
        by: User,
        since: Seq,
        head: Head,
        pages: &BTreeMap<usize, Vec<Entry>>,
        world: &World,
    ) -> Result<Next, Violation> {
        let from = if world.flaws.has(Flaw::FromIgnored) { 1 } else { head.members[by] };
        let mut entries: BTreeMap<Seq, Entry> = BTreeMap::new();
        for entry in pages.values().flatten().chain(&head.entries) {
            entries.insert(entry.seq, *entry);
        }
        if !world.flaws.has(Flaw::ReadWithoutNotes) {
            entries.values_mut().for_each(|entry| entry.fold(&head.pending));
        }
        if entries.values().any(|entry| newest(entry) > head.last_seq) && !world.flaws.has(Flaw::NewerThanHead) {
            return Ok(Next::Begin);
        }
        let message = |entry: &Entry| match entry.kind {
            Kind::Change { target, .. } if target >= from => {
                entries.get(&target)?.content().map(|content| (target, content))
            }
            _ => None,
        };
        let window = entries.values().filter(|entry| entry.seq >= from.max(since + 1));
        let answer: Vec<_> = window.map(|entry| Shown { entry: *entry, message: message(entry) }).collect();
        if head.members[by] != 0 {
            world.truth.check_answer(by, since, self.began(), &answer)?;
        }
        self.answer = Some((head.members[by] != 0).then_some(answer));
        Ok(Next::Done)
    }
}

/// Returns the last seq that an entry knows of. A process that has read an older head knows neither
/// the members of that time nor the notes, and reads the head again.
fn newest(entry: &Entry) -> Seq {
    entry.content().map_or(entry.seq, |content| content.changed.max(entry.seq))
}

/// Applies notes, in their order, and then removes them.
fn apply(notes: Vec<Note>, acknowledged: Option<Seq>, then: Next, world: &World) -> Next {
    let then = Box::new(then);
    if world.flaws.has(Flaw::NotesDroppedFirst) {
        Next::DropNotes { notes, acknowledged, then }
    } else {
        Next::Apply { notes, index: 0, acknowledged, then }
    }
}

/// Reads why the head refused an append, and continues accordingly.
fn diagnose(by: User, key: Key, world: &World) -> Next {
    let head = world.chat.head();
    if head.members[by] == 0 && !world.flaws.has(Flaw::RepeatBeforeMembership) {
        return Next::Done;
    }
    if head.prev_keys.contains(&key) {
        let (number, keys) = (head.number - 1, head.prev_keys.clone());
        return Next::Publish { number, keys, then: Box::new(Next::FindOriginal { head }) };
    }
    if head.keys.contains(&key) {
        return Next::FindOriginal { head };
    }
    if head.is_full() {
        return Next::ReadFullHead { then: Box::new(Next::Append) };
    }
    if head.pending.len() == crate::chat::MAX_NOTES {
        return apply(head.pending, None, Next::Append, world);
    }
    Next::FindOriginal { head }
}

/// Reads the archived message of a change, to announce it. It goes without the message if that has a
/// newer change: the receivers are the members at the time of this one, and the newer change
/// announces the message itself.
fn read_changed(entry: Entry, head: Head, then: Box<Next>, world: &World) -> Next {
    let Kind::Change { target, .. } = entry.kind else { return *then };
    let mut found = world.chat.archive(page_of(target)).into_iter().find(|entry| entry.seq == target);
    found.iter_mut().for_each(|entry| entry.fold(&head.pending));
    let may_be_newer = world.flaws.has(Flaw::ContentNewerThanAppend);
    let content = found.and_then(|entry| entry.content());
    let content = content.filter(|content| content.changed <= head.last_seq || may_be_newer);
    Next::Announce { shown: Shown { entry, message: content.map(|content| (target, content)) }, head, then }
}
