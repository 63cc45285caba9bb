//! What the command says while it works, and in the end.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often progress is told where there is no terminal to draw it on.
const INTERVAL: Duration = Duration::from_secs(10);

/// What became of the records of one kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Not in the target before.
    pub(crate) new: u64,
    /// Changed in the source since an earlier copy.
    pub(crate) updated: u64,
    /// In the target already.
    pub(crate) unchanged: u64,
    /// Not taken.
    pub(crate) left_out: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { new, updated, unchanged, left_out } = self;
        write!(f, "{new:>10} {updated:>10} {unchanged:>10} {left_out:>10}")
    }
}

/// Counts, and lines for what is not taken as it is.
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
    /// Whether all that there is was taken.
    pub(crate) fn is_complete(&self) -> bool {
        let tallies = [self.users, self.photos, self.chats, self.messages];
        self.names_left_out == 0 && tallies.iter().all(|tally| tally.left_out == 0)
    }

    /// A record that is not taken, or a part of it. `record` is its collection and id.
    pub(crate) fn left_out(&self, record: impl fmt::Display, why: impl fmt::Display) {
        self.say(format_args!("left out: {record}: {why}"));
    }

    /// A user who is taken without a name.
    pub(crate) fn name_left_out(&mut self, record: impl fmt::Display, why: impl fmt::Display) {
        self.names_left_out += 1;
        self.left_out(record, why);
    }

    /// A record that is taken, but not as it is.
    pub(crate) fn changed(&self, record: impl fmt::Display, how: impl fmt::Display) {
        self.say(format_args!("changed: {record}: {how}"));
    }

    /// From now on, `total` records of this kind are worked on.
    pub(crate) fn start(&mut self, kind: &'static str, total: u64) {
        self.progress = Some(Progress::new(kind, total));
    }

    /// So many more of them are done.
    pub(crate) fn advance(&mut self, records: usize) {
        if let Some(progress) = &mut self.progress {
            progress.advance(records as u64);
        }
    }

    /// The counts, and what they mean.
    pub(crate) fn summarise(&mut self, dry_run: bool) {
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

/// Whoever reads may have gone; the copy goes on.
fn write_line(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// How far the copy is: a bar on a terminal, else a line now and then.
struct Progress {
    kind: &'static str,
    total: u64,
    bar: ProgressBar,
    told: Instant,
}

impl Progress {
    fn new(kind: &'static str, total: u64) -> Self {
        // Hidden where standard error is no terminal.
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template("{msg} [{wide_bar}] {human_pos} of {human_len}, {eta} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(kind);
        Self { kind, total, bar, told: Instant::now() }
    }

    fn advance(&mut self, records: u64) {
        self.bar.inc(records);
        if !io::stderr().is_terminal() && self.told.elapsed() >= INTERVAL {
            self.told = Instant::now();
            let _ = writeln!(io::stderr(), "{}: {} of {}", self.kind, self.bar.position(), self.total);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
