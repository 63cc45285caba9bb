//! Building the functions.

use std::env;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::settings;
use crate::template::Function;

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

/// Makes sure that every function of the template has its binary.
///
/// # Errors
/// One line that names those that have none.
pub(crate) fn check<'a>(functions: impl IntoIterator<Item = &'a Function>, binaries: &Path) -> Result<(), String> {
    let missing = functions.into_iter().filter(|function| !binaries.join(&function.binary).is_file());
    let missing: Vec<_> = missing.map(|function| format!("{} ({})", function.name, function.binary)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("template.yaml has functions without a binary: {}", missing.join(", ")))
}
