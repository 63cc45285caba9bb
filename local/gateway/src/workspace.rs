//! The cargo workspace that the functions are built from.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

use crate::error::Error;

/// Folders that contain no sources and can be very large.
const IGNORED: [&str; 2] = ["target", "node_modules"];

/// A cargo workspace whose programs are the functions.
#[derive(Clone, Debug)]
pub struct Workspace {
    folder: PathBuf,
    release: bool,
    sources: Option<Vec<PathBuf>>,
}

impl Workspace {
    /// Returns the workspace in `folder`, to be built with the profile `dev`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), release: false, sources: None }
    }

    /// Builds with the profile `release` if `release` is set.
    #[must_use]
    pub fn release(mut self, release: bool) -> Self {
        self.release = release;
        self
    }

    /// Limits the watched sources to these files and folders, relative to the workspace. By
    /// default, everything is watched except hidden files, `target` and `node_modules`.
    #[must_use]
    pub fn sources<P: Into<PathBuf>>(mut self, sources: impl IntoIterator<Item = P>) -> Self {
        self.sources = Some(sources.into_iter().map(Into::into).collect());
        self
    }

    /// Builds all programs of the workspace. Cargo does nothing if they are up to date.
    ///
    /// # Errors
    /// Returns an error if the build fails. Cargo prints the reason.
    pub async fn build(&self) -> Result<(), Error> {
        self.run_build(["--bins"]).await
    }

    /// Returns the folder that cargo builds programs into.
    ///
    /// # Errors
    /// Returns an error if cargo finds no workspace. Cargo prints the reason.
    pub async fn binaries(&self) -> Result<PathBuf, Error> {
        #[derive(Deserialize)]
        struct Metadata {
            target_directory: PathBuf,
        }
        let mut command = self.cargo(&["metadata", "--no-deps", "--format-version=1"]);
        let output = command.stderr(Stdio::inherit()).output().await.map_err(Error::Cargo)?;
        let metadata: Metadata = serde_json::from_slice(&output.stdout).map_err(|_| Error::Build)?;
        Ok(metadata.target_directory.join(if self.release { "release" } else { "debug" }))
    }

    /// Builds only the programs with these names.
    pub(crate) async fn build_programs(&self, names: &[String]) -> Result<(), Error> {
        self.run_build(names.iter().flat_map(|name| ["--bin", name])).await
    }

    async fn run_build<'a>(&self, targets: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
        // For the whole workspace, cargo enables the same features of each dependency in every
        // build, so that it compiles them once.
        let mut command = self.cargo(&["build", "--quiet", "--workspace"]);
        command.args(targets);
        if self.release {
            command.arg("--release");
        }
        let status = command.status().await.map_err(Error::Cargo)?;
        if status.success() { Ok(()) } else { Err(Error::Build) }
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// Returns its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the files and folders to watch.
    pub(crate) fn watched(&self) -> Vec<PathBuf> {
        if let Some(sources) = &self.sources {
            return sources.iter().map(|source| self.folder.join(source)).filter(|source| source.exists()).collect();
        }
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| !is_ignored(path)).collect()
    }
}

fn is_ignored(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with('.') || IGNORED.contains(&name)
}
