//! Writes `shared/api/openapi.yaml` and `shared/api/asyncapi.yaml`, and holds them against everything that they could contradict.

mod asyncapi;
mod chatting;
mod document;
mod endpoints;
mod examples;
mod examples_fit;
mod openapi;
mod routes;
mod schemas;
mod signing_in;

use std::path::{Path, PathBuf};
use std::{env, fs};

use document::Node;

/// Where the descriptions are kept.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("api")
}

/// Compares a file with what it should hold, or writes it when `UPDATE_API` is set.
fn keep(name: &str, document: &Node) {
    let path = folder().join(name);
    let text = format!(
        "# Made from the code by `UPDATE_API=1 cargo test --workspace --lib`.\n{}",
        yaml_serde::to_string(document).unwrap()
    );
    if env::var_os("UPDATE_API").is_some() {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{name} is not what the code says: run `UPDATE_API=1 cargo test --workspace --lib`");
}

#[test]
fn the_description_of_the_http_api_is_what_the_code_says() {
    keep("openapi.yaml", &openapi::document());
}

#[test]
fn the_description_of_the_websocket_api_is_what_the_code_says() {
    keep("asyncapi.yaml", &asyncapi::document());
}
