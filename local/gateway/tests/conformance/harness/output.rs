//! The output of a process.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

const KEPT_LINES: usize = 200;

/// The last lines that a process wrote.
#[derive(Clone, Default)]
pub(crate) struct Output(Arc<Mutex<VecDeque<String>>>);

impl Output {
    /// Reads `source` to its end on its own thread, so that the process never waits for a reader.
    /// Each line is also sent to `listener`, if any.
    pub(super) fn drain(&self, source: impl Read + Send + 'static, listener: Option<Sender<String>>) -> JoinHandle<()> {
        let output = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                output.keep(line.clone());
                if let Some(listener) = &listener {
                    let _ = listener.send(line);
                }
            }
        })
    }

    /// Returns whether a line contains a text.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.0.lock().unwrap().iter().any(|line| line.contains(text))
    }

    fn keep(&self, line: String) {
        let mut lines = self.0.lock().unwrap();
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.lock().unwrap().iter().try_for_each(|line| writeln!(f, "  | {line}"))
    }
}
