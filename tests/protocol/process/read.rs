//! Reading the entries of a chat, for an answer or for the sync of a device.

use std::collections::BTreeMap;

use super::{Next, Process, newest};
use crate::chat::{Entry, Head, Kind, Seq, User, page_of};
use crate::flaws::Flaw;
use crate::search::Violation;
use crate::truth::Shown;
use crate::world::World;

impl Process {
    /// Executes the next command of a read.
    pub(super) fn read(&mut self, next: Next, by: User, since: Seq, world: &World) -> Result<Next, Violation> {
        match next {
            Next::Begin => self.read_head(by, since, world),
            Next::ReadPage { head, mut pages, number } => {
                pages.insert(number, world.chat.archive(number));
                self.read_pages(by, since, head, pages, world)
            }
            Next::ReadHeadAgain { head, mut pages } => {
                pages.insert(usize::MAX, world.chat.head().entries);
                self.answer(by, since, head, &pages, world)
            }
            Next::ReadHeadLast { pages } => self.answer(by, since, world.chat.head(), &pages, world),
            next => Ok(next),
        }
    }

    /// Begins a read, or begins it again.
    fn read_head(&mut self, by: User, since: Seq, world: &World) -> Result<Next, Violation> {
        if world.flaws.has(Flaw::HeadLast) {
            let archives = world.chat.archives.iter();
            let pages = archives.map(|(number, archive)| (*number, archive.entries.clone())).collect();
            return Ok(Next::ReadHeadLast { pages });
        }
        let mut head = world.chat.head();
        if world.flaws.has(Flaw::TargetFromALaterHead) {
            head.entries.retain(|entry| entry.seq > since);
        }
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
            None if world.flaws.has(Flaw::TargetFromALaterHead) => Ok(Next::ReadHeadAgain { head, pages }),
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
