//! Appending an entry, and finding out why it was refused.

use std::rc::Rc;

use super::notes::apply;
use super::{Early, Next, Process, newest};
use crate::chat::{Change, Entry, Head, Key, Kind, MAX_NOTES, User, Write, page_of};
use crate::flaws::Flaw;
use crate::search::Violation;
use crate::truth::Shown;
use crate::world::World;

impl Process {
    /// Begins a write. A change reads its target first, to learn whether the user may change it.
    pub(super) fn begin(&mut self, by: User, key: Key, write: Write, world: &mut World) -> Result<Next, Violation> {
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

    /// Reads the archived target of a change.
    pub(super) fn read_target(&mut self, by: User, write: Write, head: &Head, world: &World) -> Next {
        let Write::Change { target, .. } = write else { return Next::Done };
        let mut entry = world.chat.archive(page_of(target)).into_iter().find(|entry| entry.seq == target);
        entry.iter_mut().for_each(|entry| entry.fold(&head.pending));
        self.begin_change(by, write, entry, world)
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

    pub(super) fn append(&mut self, by: User, key: Key, write: Write, world: &mut World) -> Result<Next, Violation> {
        let flaws = world.flaws;
        let Some(head) = world.chat_mut().append(by, key, write, flaws) else { return Ok(Next::Diagnose) };
        Rc::make_mut(&mut world.truth).append(by, key, write)?;
        let Some(entry) = head.entries.last().copied() else { return Ok(Next::Done) };
        let then = if head.is_full() { Next::ReadFullHead { then: Box::new(Next::Done) } } else { Next::Done };
        self.finish(entry, head, then, world)
    }

    /// Answers a repeat with the original in its current state, if there is an original.
    pub(super) fn repeat(
        &mut self,
        by: User,
        key: Key,
        write: Write,
        head: Head,
        world: &World,
    ) -> Result<Next, Violation> {
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
}

/// Reads why the head refused an append, and continues accordingly.
pub(super) fn diagnose(by: User, key: Key, world: &World) -> Next {
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
    if head.pending.len() == MAX_NOTES {
        return apply(head.pending, None, Next::Append, world);
    }
    Next::FindOriginal { head }
}
