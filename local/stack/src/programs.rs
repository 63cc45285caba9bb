//! The programs of this workspace and their folders.

use std::env;
use std::path::{Path, PathBuf};

use gateway::Workspace;

/// The sources that the functions are built from.
const SOURCES: [&str; 3] = ["functions", "shared", "Cargo.toml"];

/// Returns the folder of the workspace that this program was built from.
pub(crate) fn workspace_folder() -> &'static Path {
    let stack = Path::new(env!("CARGO_MANIFEST_DIR"));
    stack.ancestors().nth(2).unwrap_or(stack)
}

/// Returns the workspace in `folder`, to be built as this program was.
pub(crate) fn workspace(folder: &Path) -> Workspace {
    let is_release = binaries().file_name() == Some("release".as_ref());
    Workspace::new(folder).release(is_release).sources(SOURCES)
}

/// Returns the folder of this program, which also contains the functions' binaries.
pub(crate) fn binaries() -> PathBuf {
    let this = env::current_exe().unwrap_or_default();
    this.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Returns cargo's target folder, which contains `debug` and `release`.
pub(crate) fn target_folder() -> PathBuf {
    binaries().parent().map(Path::to_path_buf).unwrap_or_default()
}
