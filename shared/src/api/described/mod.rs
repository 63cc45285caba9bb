//! Writes `shared/api/openapi.yaml`, `shared/api/asyncapi.yaml` and the README's tables of both APIs, and holds them against everything
//! that they could contradict.

mod asyncapi;
mod chatting;
mod document;
mod endpoints;
mod examples;
mod examples_fit;
mod openapi;
mod readme;
mod routes;
mod schemas;
mod signing_in;

use std::path::{Path, PathBuf};
use std::{env, fs};

use document::Node;

/// A file, by its place in the repository.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Compares a file with what it should hold, or writes it when `UPDATE_API` is set.
fn keep(name: &str, text: &str) {
    let path = file(name);
    if env::var_os("UPDATE_API").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{name} is not what the code says: run `UPDATE_API=1 cargo test --workspace --lib`");
}

fn keep_document(name: &str, document: &Node) {
    let yaml = yaml_serde::to_string(document).unwrap();
    keep(name, &format!("# Made from the code by `UPDATE_API=1 cargo test --workspace --lib`.\n{yaml}"));
}

#[test]
fn the_description_of_the_http_api_is_what_the_code_says() {
    keep_document("shared/api/openapi.yaml", &openapi::document());
}

#[test]
fn the_description_of_the_websocket_api_is_what_the_code_says() {
    keep_document("shared/api/asyncapi.yaml", &asyncapi::document());
}

/// One test for both tables: two would write the file at the same time.
#[test]
fn the_tables_of_the_readme_are_what_the_code_says() {
    let readme = fs::read_to_string(file("README.md")).unwrap();
    keep("README.md", &readme::with_tables(&readme));
}
