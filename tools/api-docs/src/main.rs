//! Generates `docs/openapi.yaml`, `docs/asyncapi.yaml` and `docs/api.md` from the descriptions in
//! `shared/src/contract`.
//!
//! `cargo run --bin api-docs` writes the files. With `-- --check`, it only compares them and fails
//! if a file is outdated.

#![expect(clippy::unwrap_used, reason = "a description that cannot be rendered must fail the build")]

mod asyncapi;
mod document;
mod markdown;
mod openapi;
mod schemas;

#[cfg(test)]
mod contract_files;
#[cfg(test)]
mod examples_fit;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

/// Generates the descriptions of both APIs in docs/.
#[derive(Parser)]
struct Arguments {
    /// Compare the files instead of writing them, and fail if one is outdated
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let Arguments { check } = Arguments::parse();
    let (openapi, asyncapi) = (openapi::document(), asyncapi::document());
    let files = [
        ("docs/api.md", markdown::page(&openapi, &asyncapi)),
        ("docs/openapi.yaml", document::yaml(&openapi)),
        ("docs/asyncapi.yaml", document::yaml(&asyncapi)),
    ];
    let mut code = ExitCode::SUCCESS;
    for (name, text) in files {
        let path = in_workspace(name);
        if fs::read_to_string(&path).is_ok_and(|current| current == text) {
            continue;
        }
        if check {
            eprintln!("{name} is outdated: run `cargo run --bin api-docs` and commit the result");
            code = ExitCode::FAILURE;
        } else if let Err(error) = fs::write(&path, text) {
            eprintln!("cannot write {}: {error}", path.display());
            code = ExitCode::FAILURE;
        } else {
            println!("wrote {name}");
        }
    }
    code
}

/// Returns the path of a file that is named relative to the workspace.
fn in_workspace(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}
