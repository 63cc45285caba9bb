//! The workspace under test: its folders and its binaries.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

use tempfile::TempDir;

/// The binary that runs the whole stack.
pub(crate) const PROGRAM: &str = "stack";

/// The template, relative to the workspace.
pub(crate) const TEMPLATE: &str = "template.yaml";

/// The description of the HTTP API, relative to the workspace.
pub const OPENAPI: &str = "docs/openapi.yaml";

/// The description of the WebSocket API, relative to the workspace.
pub const ASYNCAPI: &str = "docs/asyncapi.yaml";

/// The folder of the demo page's files, relative to the workspace.
pub const PAGE: &str = "local/stack/page";

/// The prefix of the names of all temporary folders.
const FOLDER: &str = "stack-";

/// Returns the folder of the workspace.
pub fn workspace() -> &'static Path {
    let support = Path::new(env!("CARGO_MANIFEST_DIR"));
    support.ancestors().nth(2).unwrap()
}

/// Builds the binaries and returns their folder, such as `target/debug`.
pub fn binaries() -> &'static Path {
    static BINARIES: LazyLock<PathBuf> = LazyLock::new(|| {
        // The same command as in the stack, so that cargo builds the dependencies only once.
        let mut build = cargo();
        build.args(["build", "--quiet", "--workspace", "--bins"]);
        let folder = profile_folder();
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the binaries failed to build");
        folder
    });
    &BINARIES
}

/// Returns a command that runs cargo in the workspace.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace());
    cargo
}

/// Returns the folder in cargo's target folder that contains the running program's binary.
pub fn profile_folder() -> PathBuf {
    let program = env::current_exe().unwrap();
    let folder = program.parent().unwrap();
    // Tests and benchmarks are in `deps`, one folder deeper than binaries.
    if folder.ends_with("deps") { folder.parent().unwrap().to_owned() } else { folder.to_owned() }
}

/// Creates a folder for one stack. The folder of a shared stack outlives this process; the next run
/// removes it.
pub fn temporary_folder() -> TempDir {
    let prefix = format!("{FOLDER}{}-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir_in(parent_of_temporary_folders()).unwrap()
}

/// Removes the folders of processes that have ended.
pub(crate) fn remove_leftovers() {
    for entry in fs::read_dir(parent_of_temporary_folders()).unwrap().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(FOLDER)?.split_once('-'));
        if owner.is_some_and(|(pid, _)| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Returns the folder that cargo reserves for tests. Cargo passes its path only to tests, not to
/// this library.
fn parent_of_temporary_folders() -> PathBuf {
    let folder = profile_folder().with_file_name("tmp");
    fs::create_dir_all(&folder).unwrap();
    folder
}
