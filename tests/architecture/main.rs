//! The module graph of the crates, derived from their sources: no cycles, and no upward imports.

#![expect(clippy::unwrap_used, reason = "a source that cannot be read must fail the test")]

mod graph;

use std::fs;
use std::path::{Path, PathBuf};

use graph::Graph;

/// The layers of `shared`, from bottom to top. A module imports only from its own layer and the
/// layers below it.
const LAYERS: [&str; 10] =
    ["error", "config", "values", "contract", "database", "accounts", "chats", "sockets", "serving", "indexes"];

fn sources(package: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(package).join("src")
}

/// Returns the modules of the gateway from the top to the bottom, in the order of the Layout section
/// of its documentation.
fn gateway_layout() -> Vec<String> {
    let root = fs::read_to_string(sources("local/gateway").join("lib.rs")).unwrap();
    let names = root.lines().filter_map(|line| line.strip_prefix("//! - `")?.split_once(':'));
    names.flat_map(|(names, _)| names.split("`, `").map(|name| name.trim_end_matches('`').to_owned())).collect()
}

#[test]
fn no_module_of_shared_imports_from_a_higher_layer() {
    expect_no_upward_imports("shared", |module| {
        LAYERS.iter().position(|layer| *layer == module).unwrap_or_else(|| {
            panic!(
                "the module {module} of shared has no layer: \
                 add it to LAYERS here and to the table in shared/src/lib.rs"
            )
        })
    });
}

#[test]
fn no_module_of_the_gateway_imports_from_a_module_above_it() {
    let layout = gateway_layout();
    expect_no_upward_imports("local/gateway", |module| {
        layout.iter().rev().position(|name| name == module).unwrap_or_else(|| {
            panic!("add the module {module} to the Layout section of local/gateway/src/lib.rs: it has no place there")
        })
    });
}

/// Checks every import between modules; `height` returns the place of a module of the crate's root.
fn expect_no_upward_imports(package: &str, height: impl Fn(&str) -> usize) {
    let graph = Graph::read(&sources(package));
    let height = |module: &str| height(module.split("::").next().unwrap());
    let upward: Vec<_> = graph
        .imports()
        .filter(|(importer, imported)| height(importer) < height(imported))
        .map(|(importer, imported)| format!("{importer} imports {imported}, which is above it"))
        .collect();
    assert!(upward.is_empty(), "{}", upward.join("\n"));
}

#[test]
fn no_modules_of_shared_import_each_other() {
    expect_no_cycle("shared");
}

#[test]
fn no_modules_of_the_gateway_import_each_other() {
    expect_no_cycle("local/gateway");
}

#[test]
fn no_modules_of_the_stack_import_each_other() {
    expect_no_cycle("local/stack");
}

fn expect_no_cycle(package: &str) {
    let graph = Graph::read(&sources(package));
    assert!(graph.imports().count() > 5, "hardly any imports were found in {package}");
    if let Some(cycle) = graph.cycle() {
        panic!("modules of {package} import each other: {}", cycle.join(" -> "));
    }
}
