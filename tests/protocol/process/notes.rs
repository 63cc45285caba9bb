//! Finishing: acknowledging an entry, and applying the notes of changes to the archives.

use super::{Next, Process, Request};
use crate::chat::{Change, Entry, Head, Kind, Note, Seq};
use crate::flaws::Flaw;
use crate::search::Violation;
use crate::world::World;

impl Process {
    /// Acknowledges an entry; what remains to be done for it is done before or after that.
    ///
    /// A deletion is acknowledged only when its note is applied and removed, and everything else at
    /// once.
    pub(super) fn finish(&mut self, entry: Entry, head: Head, then: Next, world: &World) -> Result<Next, Violation> {
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

    /// Applies the next note, or removes the notes from the head.
    pub(super) fn note_step(&mut self, next: Next, world: &mut World) -> Result<Next, Violation> {
        let is_reversed = world.flaws.has(Flaw::NotesDroppedFirst);
        match next {
            Next::Apply { notes, index, acknowledged, then } => {
                let flaws = world.flaws;
                world.chat_mut().apply(&notes[index], flaws);
                if index + 1 < notes.len() {
                    Ok(Next::Apply { notes, index: index + 1, acknowledged, then })
                } else if is_reversed {
                    self.applied(acknowledged, *then, world)
                } else {
                    Ok(Next::DropNotes { notes, acknowledged, then })
                }
            }
            Next::DropNotes { notes, acknowledged, then } => {
                world.chat_mut().drop_notes(&notes);
                if is_reversed {
                    Ok(Next::Apply { notes, index: 0, acknowledged, then })
                } else {
                    self.applied(acknowledged, *then, world)
                }
            }
            next => Ok(next),
        }
    }

    /// Continues when the notes are applied and removed.
    fn applied(&mut self, acknowledged: Option<Seq>, then: Next, world: &World) -> Result<Next, Violation> {
        if let Some(seq) = acknowledged {
            self.acknowledge(seq, world)?;
        }
        Ok(then)
    }
}

/// Applies notes, in their order, and then removes them.
pub(super) fn apply(notes: Vec<Note>, acknowledged: Option<Seq>, then: Next, world: &World) -> Next {
    let then = Box::new(then);
    if world.flaws.has(Flaw::NotesDroppedFirst) {
        Next::DropNotes { notes, acknowledged, then }
    } else {
        Next::Apply { notes, index: 0, acknowledged, then }
    }
}
