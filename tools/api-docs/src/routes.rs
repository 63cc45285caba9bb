//! The contract, its files and the template agree on endpoints, actions and events.

use std::collections::BTreeSet;
use std::fs;

use shared::contract::{actions, endpoints};

use crate::document::Node;
use crate::in_workspace;
use crate::openapi::operation_id;

/// Returns the resources of the template, by name.
fn resources() -> Node {
    let text = fs::read_to_string(in_workspace("template.yaml")).unwrap();
    let template: Node = yaml_serde::from_str(&text).unwrap();
    template["Resources"].clone()
}

fn text(node: &Node) -> String {
    node.as_str().unwrap_or_else(|| panic!("{node:?} is not a text")).to_owned()
}

/// Fails with a sentence for each item that only one of the two sets has.
fn compare(described: &BTreeSet<String>, deployed: &BTreeSet<String>) {
    let missing_in_template = described.difference(deployed).map(|route| {
        format!("template.yaml has no function with the route {route}: add one, as docs/adding-an-endpoint.md says")
    });
    let missing_in_contract = deployed.difference(described).map(|route| {
        format!(
            "{route} of template.yaml is not described: add a file to shared/src/contract, and list it in its mod.rs"
        )
    });
    let problems: Vec<_> = missing_in_template.chain(missing_in_contract).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_template_has_the_endpoints_of_the_contract() {
    let mut deployed = BTreeSet::new();
    for (name, resource) in resources().as_mapping().unwrap() {
        for (_, event) in resource["Properties"]["Events"].as_mapping().into_iter().flatten() {
            let route = &event["Properties"];
            deployed.insert(format!("{} {} ({})", text(&route["Method"]), text(&route["Path"]), text(name)));
        }
    }
    let described = endpoints::all().into_iter().map(|endpoint| {
        let (first, rest) = operation_id(endpoint.path).split_at(1);
        format!("{} {} ({}{rest})", endpoint.method, endpoint.path, first.to_uppercase())
    });
    compare(&described.collect(), &deployed);
}

#[test]
fn the_template_has_the_actions_of_the_contract() {
    let mut deployed = BTreeSet::new();
    for (_, resource) in resources().as_mapping().unwrap() {
        let properties = &resource["Properties"];
        let routes = properties["Routes"].as_mapping().into_iter().flatten().map(|(key, _)| key);
        deployed.extend(routes.chain(properties.get("RouteKey")).map(text));
    }
    // API Gateway's own routes are not actions.
    let own = ["$connect", "$default", "$disconnect"].map(str::to_owned);
    let described = actions::all().into_iter().map(|action| action.name.to_owned()).chain(own);
    compare(&described.collect(), &deployed);
}

#[test]
fn every_file_of_the_contract_is_a_module() {
    for folder in ["endpoints", "actions", "events"] {
        let folder = in_workspace("shared/src/contract").join(folder);
        let modules = fs::read_to_string(folder.join("mod.rs")).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let is_declared = name == "mod" || modules.contains(&format!("pub mod {name};"));
            assert!(is_declared, "{} has no line `pub mod {name};`: add it", folder.join("mod.rs").display());
        }
    }
}
