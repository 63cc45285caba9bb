//! A device with a live connection: it connects, syncs, and puts what arrives into order.

use std::collections::{BTreeMap, BTreeSet};

use crate::chat::{Content, Head, Kind, Seq, User};
use crate::flaws::{Flaw, Flaws};
use crate::process::{Process, Request};
use crate::search::{Violation, require};
use crate::truth::{CONTIGUOUS, CONVERGED, Shown, Truth};

/// A sync of a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sync {
    pub(crate) process: Process,
    /// The entries that were waiting when it began.
    waiting: Vec<Seq>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Device {
    pub(crate) user: User,
    /// Whether announcements may get lost or doubled.
    pub(crate) is_lossy: bool,
    /// The number of times that it may still connect.
    connects: u8,
    is_connected: bool,
    /// Whether the database has the record of its connection.
    pub(crate) is_recorded: bool,
    has_synced: bool,
    pub(crate) sync: Option<Sync>,
    /// The announcements under way to its connection, in no order.
    pub(crate) under_way: BTreeSet<Shown>,
    /// The last entry that it has shown.
    shown: Seq,
    /// The messages that it has.
    messages: BTreeMap<Seq, Content>,
    /// Entries that arrived before one with a smaller seq.
    waiting: BTreeMap<Seq, Shown>,
}

/// Something that happens to a device.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Connect,
    Record,
    Disconnect,
    BeginSync,
    SyncStep,
    Answer,
    Arrival(Shown),
}

impl Event {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Connect => "connects",
            Self::Record => "has its connection recorded",
            Self::Disconnect => "loses its connection",
            Self::BeginSync => "begins a sync",
            Self::SyncStep => "reads for the sync",
            Self::Answer => "gets the answer of the sync",
            Self::Arrival(_) => "gets an announcement",
        }
    }
}

impl Device {
    pub(crate) fn new(user: User, connects: u8, is_lossy: bool) -> Self {
        Self {
            user,
            is_lossy,
            connects,
            is_connected: false,
            is_recorded: false,
            has_synced: false,
            sync: None,
            under_way: BTreeSet::new(),
            shown: 0,
            messages: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Sends an announcement, if the user was a member in `head` and may see the entry.
    pub(crate) fn send(&mut self, mut shown: Shown, head: &Head, flaws: Flaws) {
        let from = head.members[self.user];
        let is_removed = from == 0 && shown.entry.kind == Kind::Removed(self.user);
        let may_see = from != 0 && (from <= shown.entry.seq || flaws.has(Flaw::RepeatToEverybody));
        if !(may_see || is_removed) {
            return;
        }
        let may_see_message = |(target, _): &(Seq, Content)| *target >= from || flaws.has(Flaw::ContentToEverybody);
        shown.message = shown.message.filter(may_see_message);
        self.under_way.insert(shown);
    }

    /// Returns what may happen next, and whether it may also never happen.
    pub(crate) fn events(&self, flaws: Flaws) -> Vec<(Event, bool)> {
        let mut events = Vec::new();
        if !self.is_connected {
            return if self.connects > 0 { vec![(Event::Connect, false)] } else { events };
        }
        if self.connects > 0 {
            events.push((Event::Disconnect, true));
        }
        if !self.is_recorded && (self.has_synced || !flaws.has(Flaw::SyncBeforeConnection)) {
            events.push((Event::Record, false));
        }
        match &self.sync {
            Some(sync) if sync.process.is_done() => events.push((Event::Answer, false)),
            Some(_) => events.push((Event::SyncStep, false)),
            None if self.may_sync(flaws) => events.push((Event::BeginSync, false)),
            None => {}
        }
        events.extend(self.under_way.iter().map(|shown| (Event::Arrival(*shown), self.is_lossy)));
        events
    }

    /// Returns whether it syncs: once the connection is recorded, and on a gap.
    fn may_sync(&self, flaws: Flaws) -> bool {
        let is_recorded = self.is_recorded || flaws.has(Flaw::SyncBeforeConnection);
        is_recorded && (!self.has_synced || !self.waiting.is_empty())
    }

    pub(crate) fn begin_sync(&mut self) {
        let process = Process::new(Request::Read { by: self.user, since: self.shown });
        self.sync = Some(Sync { process, waiting: self.waiting.keys().copied().collect() });
    }

    pub(crate) fn connect(&mut self) {
        self.connects -= 1;
        self.is_connected = true;
        self.has_synced = false;
    }

    /// Ends the connection, and with it everything that is under way.
    pub(crate) fn disconnect(&mut self) {
        (self.is_connected, self.is_recorded) = (false, false);
        self.sync = None;
        self.under_way.clear();
        self.waiting.clear();
    }

    /// Takes an announcement.
    pub(crate) fn arrive(&mut self, shown: Shown, truth: &Truth, flaws: Flaws) -> Result<(), Violation> {
        truth.check_shown(self.user, &shown)?;
        if !self.is_lossy {
            self.under_way.remove(&shown);
        }
        let seq = shown.entry.seq;
        if flaws.has(Flaw::ShownOnArrival) && seq > self.shown {
            return self.show(shown, flaws);
        }
        if seq <= self.shown {
            self.keep(&shown, flaws);
            return Ok(());
        }
        let waiting = self.waiting.entry(seq).or_insert(shown);
        let changed = |shown: &Shown| shown.version().map(|(_, content)| content.changed);
        if changed(&shown) > changed(waiting) {
            *waiting = shown;
        }
        self.show_waiting(flaws)
    }

    /// Takes the answer of a sync.
    pub(crate) fn take_answer(&mut self, truth: &Truth, flaws: Flaws) -> Result<(), Violation> {
        let Some(Sync { process, waiting }) = self.sync.take() else { return Ok(()) };
        self.has_synced = true;
        let Some(entries) = process.answer.flatten() else {
            // The chat is not the user's. Entries that arrived since may say that it is again.
            self.waiting.retain(|seq, _| !waiting.contains(seq) && !flaws.has(Flaw::EverythingForgotten));
            return Ok(());
        };
        if let Some(first) = entries.first()
            && first.entry.seq > self.shown + 1
        {
            let is_lawful = truth.is_start(self.user, first.entry.seq);
            require(is_lawful, CONTIGUOUS, || format!("the device has {} and gets {first:?}", self.shown))?;
            self.shown = first.entry.seq - 1;
        }
        for shown in entries {
            if shown.entry.seq > self.shown {
                self.show(shown, flaws)?;
            } else {
                self.keep(&shown, flaws);
            }
        }
        self.show_waiting(flaws)
    }

    fn show_waiting(&mut self, flaws: Flaws) -> Result<(), Violation> {
        while let Some((seq, shown)) = self.waiting.pop_first() {
            if seq <= self.shown {
                self.keep(&shown, flaws);
            } else if seq == self.shown + 1 {
                self.show(shown, flaws)?;
            } else {
                self.waiting.insert(seq, shown);
                break;
            }
        }
        Ok(())
    }

    fn show(&mut self, shown: Shown, flaws: Flaws) -> Result<(), Violation> {
        let seq = shown.entry.seq;
        require(seq == self.shown + 1, CONTIGUOUS, || format!("the device shows {seq} after {}", self.shown))?;
        self.shown = seq;
        self.keep(&shown, flaws);
        Ok(())
    }

    /// Keeps the newer one of two versions of a message.
    fn keep(&mut self, shown: &Shown, flaws: Flaws) {
        let Some((seq, content)) = shown.version() else { return };
        let kept = self.messages.entry(seq).or_insert(content);
        if content.changed > kept.changed || flaws.has(Flaw::LatestArrivalWins) {
            *kept = content;
        }
    }

    /// Returns whether nothing but the live connection brings the device up to date.
    pub(crate) fn relies_on_announcements(&self) -> bool {
        self.is_connected && !self.is_lossy
    }

    /// Drops what is under way, as if every announcement were lost.
    pub(crate) fn lose_everything(&mut self) {
        self.sync = None;
        self.under_way.clear();
    }

    /// Checks that the device has the whole log, as far as its user may see it.
    pub(crate) fn check(&self, truth: &Truth) -> Result<(), Violation> {
        let from = truth.from(self.user);
        if from == 0 {
            return Ok(());
        }
        let detail = || format!("the device has shown {} of {}: {:?}", self.shown, truth.len(), self.messages);
        require(self.shown == truth.len(), CONVERGED, detail)?;
        for seq in from..=truth.len() {
            let expected = truth.content(seq, truth.len());
            require(self.messages.get(&seq).copied() == expected, CONVERGED, detail)?;
        }
        Ok(())
    }
}
