//! Announcing an entry to the connections of the members.

use super::{Early, Next, Process};
use crate::chat::{Entry, Head, Kind, page_of};
use crate::flaws::Flaw;
use crate::truth::Shown;
use crate::world::World;

impl Process {
    /// Announces an entry to the members in `head`, if the model has a device.
    pub(super) fn announce(&self, entry: Entry, head: Head, then: Next, world: &World) -> Next {
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

    /// Executes the next command of an announcement.
    pub(super) fn announce_step(&self, next: Next, world: &mut World) -> Next {
        match next {
            Next::ReadChanged { entry, head, then } => read_changed(entry, head, then, world),
            Next::Announce { shown, head, then } => {
                let early = if let Some(Early::Receives(receives)) = self.early { Some(receives) } else { None };
                let flaws = world.flaws;
                if let Some(device) = &mut world.device
                    && early.unwrap_or(device.is_recorded)
                {
                    device.send(shown, &head, flaws);
                }
                *then
            }
            next => next,
        }
    }
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
