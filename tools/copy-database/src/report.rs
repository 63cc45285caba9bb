//! The output of the command.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The interval of progress reports without a terminal.
const INTERVAL: Duration = Duration::from_secs(10);

/// The numbers of records of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Added to the target.
    pub(crate) new: u64,
    /// Changed in the source since an earlier copy.
    pub(crate) updated: u64,
    /// Already in the target.
    pub(crate) unchanged: u64,
    /// Not copied.
    pub(crate) left_out: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { new, updated, unchanged, left_out } = self;
        write!(f, "{new:>10} {updated:>10} {unchanged:>10} {left_out:>10}")
    }
}

/// The counts of a copy, and the lines about individual records.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) users: Tally,
    pub(crate) photos: Tally,
    pub(crate) chats: Tally,
    pub(crate) messages: Tally,
    names_left_out: u64,
    progress: Option<Progress>,
}

impl Report {
    /// Returns whether everything was copied.
    pub(crate) fn is_complete(&self) -> bool {
        let tallies = [self.users, self.photos, self.chats, self.messages];
        self.names_left_out == 0 && tallies.iter().all(|tally| tally.left_out == 0)
    }

    /// Reports a record, or a part of one, that is left out. `record` is its collection and id.
    pub(crate) fn left_out(&self, record: impl fmt::Display, why: impl fmt::Display) {
        self.say(format_args!("left out: {record}: {why}"));
    }

    /// Reports a user who is copied without a name.
    pub(crate) fn name_left_out(&mut self, record: impl fmt::Display, why: impl fmt::Display) {
        self.names_left_out += 1;
        self.left_out(record, why);
    }

    /// Reports a record that is copied with a change.
    pub(crate) fn changed(&self, record: impl fmt::Display, how: impl fmt::Display) {
        self.say(format_args!("changed: {record}: {how}"));
    }

    /// Starts a progress report on `total` records of this kind.
    pub(crate) fn start(&mut self, kind: &'static str, total: u64) {
        self.progress = Some(Progress::new(kind, total));
    }

    /// Advances the progress report by a number of records.
    pub(crate) fn advance(&mut self, records: usize) {
        if let Some(progress) = &mut self.progress {
            progress.advance(records as u64);
        }
    }

    /// Writes the counts.
    pub(crate) fn summarize(&mut self, dry_run: bool) {
        self.progress = None;
        self.say(format_args!("{:<10}{:>10} {:>10} {:>10} {:>10}", "", "new", "updated", "unchanged", "left out"));
        let Self { users, photos, chats, messages, .. } = self;
        for (kind, tally) in [("users", users), ("photos", photos), ("chats", chats), ("messages", messages)] {
            let line = format!("{kind:<10}{tally}");
            write_line(format_args!("{line}"));
        }
        if dry_run {
            self.say(format_args!("This was a dry run: nothing was written."));
        }
    }

    fn say(&self, line: fmt::Arguments<'_>) {
        match &self.progress {
            Some(progress) => progress.bar.suspend(|| write_line(line)),
            None => write_line(line),
        }
    }
}

/// Writes a line. The copy continues even if no one reads it.
fn write_line(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// The progress of a copy: a bar on a terminal, otherwise a line every ten seconds.
struct Progress {
    kind: &'static str,
    total: u64,
    bar: ProgressBar,
    last_report: Instant,
}

impl Progress {
    fn new(kind: &'static str, total: u64) -> Self {
        // Hidden if standard error is not a terminal.
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template("{msg} [{wide_bar}] {human_pos} of {human_len}, {eta} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(kind);
        Self { kind, total, bar, last_report: Instant::now() }
    }

    fn advance(&mut self, records: u64) {
        self.bar.inc(records);
        if !io::stderr().is_terminal() && self.last_report.elapsed() >= INTERVAL {
            self.last_report = Instant::now();
            let _ = writeln!(io::stderr(), "{}: {} of {}", self.kind, self.bar.position(), self.total);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
