//! Hot reload: rebuilds the functions when their sources change.
//!
//! A process of the old binary finishes its invocation, and the next invocation starts the new
//! binary. The gateway keeps running, and its sockets stay open.

use std::path::Path;
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::error::Error;
use crate::workspace::Workspace;

/// The pause that ends a change. Several files that are saved together are one change.
const QUIET: Duration = Duration::from_millis(200);

/// A watcher of a workspace's sources.
pub(crate) struct Watch {
    workspace: Workspace,
    programs: Vec<String>,
    changes: mpsc::UnboundedReceiver<()>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Starts watching the sources of these programs.
    ///
    /// # Errors
    /// Returns an error if the file system does not report changes.
    pub(crate) fn start(workspace: Workspace, programs: Vec<String>) -> Result<Self, Error> {
        let failed =
            |error: notify::Error| Error::Watch { folder: workspace.folder().to_owned(), reason: error.to_string() };
        let (changed, changes) = mpsc::unbounded_channel();
        let on_event = move |event: notify::Result<Event>| {
            // Building reads the sources, which is reported too.
            if event.is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(|path| is_source(path))) {
                // The receiver is gone once the gateway stops.
                let _ = changed.send(());
            }
        };
        let mut watcher = notify::recommended_watcher(on_event).map_err(failed)?;
        for source in workspace.watched() {
            watcher.watch(&source, RecursiveMode::Recursive).map_err(failed)?;
        }
        Ok(Self { workspace, programs, changes, _watcher: watcher })
    }

    /// Builds after each change, for as long as it is polled.
    pub(crate) async fn run(mut self) {
        while self.changes.recv().await.is_some() {
            while let Ok(Some(())) = timeout(QUIET, self.changes.recv()).await {}
            println!("[watch] building …");
            match self.workspace.build_programs(&self.programs).await {
                Ok(()) => println!("[watch] built; the next invocation uses it"),
                Err(error) => println!("[watch] {error}; still running the previous build"),
            }
        }
    }
}

/// Returns whether a file is a source. Editors also write other files next to the sources.
fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs" || extension == "toml")
}
