//! The functions of the template and their sources in `functions/`.

use std::fs;
use std::path::PathBuf;

use test_support::{Function, Route, Template, workspace};

/// The source of a function.
struct Source {
    /// The package that it belongs to, in `functions/`.
    package: String,
    binary: String,
}

/// Lists `functions/*/src/bin/*.rs`.
fn sources() -> Vec<Source> {
    let names =
        |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let functions = workspace().join("functions");
    let mut sources = Vec::new();
    for package in names(functions.clone()) {
        for file in names(functions.join(&package).join("src/bin")) {
            let binary = file.strip_suffix(".rs").unwrap().to_owned();
            sources.push(Source { package: package.clone(), binary });
        }
    }
    sources
}

/// Returns the package that the source of a function belongs to.
fn package(function: &Function) -> &'static str {
    match function.routes.first() {
        Some(Route::WebSocket { .. }) => "websocket",
        Some(Route::CustomResource { .. }) => "deployment",
        _ => "http",
    }
}

#[test]
fn every_source_is_a_function_of_the_template() {
    let template = Template::read();
    for Source { package, binary } in sources() {
        let is_deployed = template.functions.iter().any(|function| function.binary == binary);
        assert!(
            is_deployed,
            "add a function with `CodeUri: target/lambda/{binary}` to template.yaml: \
             functions/{package}/src/bin/{binary}.rs is not deployed"
        );
    }
}

#[test]
fn every_function_of_the_template_has_a_source() {
    let sources = sources();
    for function in Template::read().functions {
        let (name, binary, package) = (&function.name, &function.binary, package(&function));
        let has_source = sources.iter().any(|source| source.binary == *binary);
        assert!(has_source, "add functions/{package}/src/bin/{binary}.rs: {name} in template.yaml has no source");
    }
}

#[test]
fn every_function_of_the_template_is_invoked() {
    for function in Template::read().functions {
        let name = function.name;
        assert!(
            !function.routes.is_empty(),
            "add `Events` to {name} in template.yaml, or a route to WebSocketApi: nothing invokes it"
        );
    }
}

#[test]
fn a_function_and_its_binary_have_the_same_name() {
    for Function { name, binary, .. } in Template::read().functions {
        let in_pascal_case: String = binary.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        assert_eq!(name, in_pascal_case, "rename the function in template.yaml: its binary is {binary}");
    }
}
