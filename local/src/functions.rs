//! Building the functions.

use std::env;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::settings;

/// Builds all binaries of the workspace as this one was built, which does nothing when they are up to date.
///
/// # Errors
/// One line; cargo itself has said more by then.
pub(crate) async fn build() -> Result<(), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // The same packages as `cargo run`, so that cargo builds their dependencies once.
    command.args(["build", "--quiet", "--workspace", "--bins"]).current_dir(settings::workspace()).stdin(Stdio::null());
    if settings::binaries().file_name() == Some("release".as_ref()) {
        command.arg("--release");
    }
    let status = command.status().await.map_err(|error| format!("cargo cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err("the functions do not build".to_owned()) }
}

/// The functions of the template that have no binary.
pub(crate) fn missing<'a>(binaries: impl IntoIterator<Item = &'a String>, folder: &Path) -> Vec<&'a str> {
    binaries.into_iter().map(String::as_str).filter(|binary| !folder.join(binary).is_file()).collect()
}
