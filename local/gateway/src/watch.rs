//! Hot reload: functions are built anew when their sources change.
//!
//! A process of the old binary finishes what it is doing, and the next invocation starts the new one. The gateway goes on
//! throughout, and so do its sockets.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::functions;

/// Saving several files is one change.
const QUIET: Duration = Duration::from_millis(200);

/// What functions are built from, in the workspace.
const SOURCES: [&str; 3] = ["functions", "shared", "Cargo.toml"];

/// The sources of a workspace.
pub(crate) struct Watch {
    workspace: PathBuf,
    changes: mpsc::UnboundedReceiver<()>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Watches from now on.
    ///
    /// # Errors
    /// One line, when the system does not tell of changes.
    pub(crate) fn start(workspace: &Path) -> Result<Self, String> {
        let failed = |error: notify::Error| format!("{} cannot be watched: {error}", workspace.display());
        let (changed, changes) = mpsc::unbounded_channel();
        let on_event = move |event: notify::Result<Event>| {
            // Building reads the sources, which is an event too.
            if event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(|path| is_source(path))) {
                // Nobody listens any more when the stack stops.
                let _ = changed.send(());
            }
        };
        let mut watcher = notify::recommended_watcher(on_event).map_err(failed)?;
        for source in SOURCES.map(|source| workspace.join(source)).iter().filter(|source| source.exists()) {
            watcher.watch(source, RecursiveMode::Recursive).map_err(failed)?;
        }
        Ok(Self { workspace: workspace.to_owned(), changes, _watcher: watcher })
    }

    /// Builds after each change, for as long as it is polled.
    pub(crate) async fn run(mut self) {
        while self.changes.recv().await.is_some() {
            while let Ok(Some(())) = timeout(QUIET, self.changes.recv()).await {}
            println!("[watch] building …");
            match functions::build(&self.workspace).await {
                Ok(()) => println!("[watch] the next invocation runs what is new"),
                Err(reason) => println!("[watch] {reason}; what there was goes on"),
            }
        }
    }
}

/// Editors leave other files beside.
fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs" || extension == "toml")
}
