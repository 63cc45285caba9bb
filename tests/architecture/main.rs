//! The module graph of the crates, derived from their sources: no cycles, and no upward imports.

#![expect(clippy::unwrap_used, reason = "a source that cannot be read must fail the test")]

mod graph;

use std::path::{Path, PathBuf};

use graph::Graph;

/// The layers of `shared`, from bottom to top. A module imports only from its own layer and the
/// layers below it.
const LAYERS: [&str; 10] =
    ["error", "config", "values", "contract", "database", "accounts", "chats", "sockets", "serving", "indexes"];

fn sources(package: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(package).join("src")
}

#[test]
fn no_module_of_shared_imports_from_a_higher_layer() {
    let graph = Graph::read(&sources("shared"));
    let layer = |module: &str| {
        let name = module.split("::").next().unwrap();
        LAYERS.iter().position(|layer| *layer == name).unwrap_or_else(|| {
            panic!(
                "the module {name} of shared has no layer: add it to LAYERS here and to the table in shared/src/lib.rs"
            )
        })
    };
    let upward: Vec<_> = graph
        .imports()
        .filter(|(importer, imported)| layer(importer) < layer(imported))
        .map(|(importer, imported)| format!("{importer} imports {imported} from a higher layer"))
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
