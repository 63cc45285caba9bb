//! Building the functions.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::settings;
use crate::template::{Function, Template};

/// Builds all binaries of a workspace as this one was built, which does nothing when they are up to date.
///
/// # Errors
/// One line; cargo itself has said more by then.
pub(crate) async fn build(workspace: &Path) -> Result<(), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // The same packages as `cargo run`, so that cargo builds their dependencies once.
    command.args(["build", "--quiet", "--workspace", "--bins"]).current_dir(workspace).stdin(Stdio::null());
    if settings::binaries().file_name() == Some("release".as_ref()) {
        command.arg("--release");
    }
    let status = command.status().await.map_err(|error| format!("cargo cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err("the functions do not build".to_owned()) }
}

/// Makes sure that the template and the binaries go together: each function has a binary and something that invokes it,
/// and each binary of the workspace that the template belongs to is a function.
///
/// # Errors
/// One line that names what is missing.
pub(crate) fn check(template: &Template, path: &Path, binaries: &Path) -> Result<(), String> {
    for function in template.functions.values() {
        let Function { name, binary, .. } = function;
        if !binaries.join(binary).is_file() {
            return Err(function.error(format!("{name} has no binary {binary}")).to_string());
        }
        if !template.is_invoked(name) {
            return Err(function.error(format!("{name} has no route")).to_string());
        }
    }
    let used: Vec<_> = template.functions.values().map(|function| function.binary.as_str()).collect();
    match sources(path).into_iter().find(|source| !used.contains(&stem(source))) {
        Some(unused) => Err(format!("template.yaml has no function for {}", unused.display())),
        None => Ok(()),
    }
}

/// The files that binaries are made of: `functions/*/src/bin/*.rs` beside the template.
fn sources(template: &Path) -> Vec<PathBuf> {
    let list = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let packages = list(template.with_file_name("functions"));
    packages.flat_map(|package| list(package.join("src/bin"))).collect()
}

fn stem(file: &Path) -> &str {
    file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}
