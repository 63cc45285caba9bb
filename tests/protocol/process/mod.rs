//! The processes: each runs one request, one command at a time, and may stop for ever after each.
//!
//! `Next` is the state of a process: its next command, and what it has read for that. Commands that
//! several requests need continue with `then`.

mod announce;
mod notes;
mod read;
mod roll;
mod send;

use std::collections::BTreeMap;

use crate::chat::{Content, Entry, Head, Key, Note, Seq, User, Write};
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
    ReadHeadAgain { head: Head, pages: BTreeMap<usize, Vec<Entry>> },
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

    /// Forgets an answer, but not that there was one.
    pub(crate) fn forget_answer(&mut self) {
        if let Some(Some(answer)) = &mut self.answer {
            answer.clear();
        }
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
            Next::ReadHeadAgain { .. } => "reads the head again",
            Next::ReadHeadLast { .. } => "reads the head",
            Next::Done => "is done",
        }
    }

    /// Executes the next command on `world`, which the process is not part of at the moment.
    pub(crate) fn step(&mut self, world: &mut World) -> Result<(), Violation> {
        self.began.get_or_insert(world.truth.len());
        let next = std::mem::replace(&mut self.next, Next::Done);
        self.next = match self.request {
            Request::Read { by, since } => self.read(next, by, since, world)?,
            Request::Write { by, key, write } => self.write(next, by, key, write, world)?,
        };
        if self.is_done() {
            (self.began, self.early) = (None, None);
        }
        Ok(())
    }

    fn began(&self) -> Seq {
        self.began.unwrap_or_default()
    }

    /// Continues a write.
    fn write(&mut self, next: Next, by: User, key: Key, write: Write, world: &mut World) -> Result<Next, Violation> {
        match next {
            Next::Begin => self.begin(by, key, write, world),
            Next::ReadTarget { head } => Ok(self.read_target(by, write, &head, world)),
            Next::Append => self.append(by, key, write, world),
            Next::Diagnose => Ok(send::diagnose(by, key, world)),
            Next::FindOriginal { head } => self.repeat(by, key, write, head, world),
            Next::ReadFullHead { .. } | Next::InsertArchive { .. } | Next::Flip { .. } | Next::Publish { .. } => {
                Ok(roll::step(next, world))
            }
            Next::Apply { .. } | Next::DropNotes { .. } => self.note_step(next, world),
            Next::ReadChanged { .. } | Next::Announce { .. } => Ok(self.announce_step(next, world)),
            Next::ReadPage { .. } | Next::ReadHeadAgain { .. } | Next::ReadHeadLast { .. } | Next::Done => Ok(next),
        }
    }
}

/// Returns the last seq that an entry knows of. A process that has read an older head knows neither
/// the members of that time nor the notes, and reads the head again.
fn newest(entry: &Entry) -> Seq {
    entry.content().map_or(entry.seq, |content| content.changed.max(entry.seq))
}
