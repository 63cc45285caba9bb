//! The descriptions and the template name the same routes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::asyncapi::actions;
use super::document::Node;
use super::openapi::{endpoints, operation_id};
use super::schemas::Schemas;
use super::{asyncapi, openapi};

/// The resources of the template, by name.
fn resources() -> Node {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let template: Node = yaml_serde::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    template["Resources"].clone()
}

fn text(node: &Node) -> &str {
    node.as_str().unwrap_or_else(|| panic!("{node:?} is no text"))
}

#[test]
fn the_http_api_has_the_routes_of_the_template() {
    let mut deployed = BTreeSet::new();
    for (name, resource) in resources().as_mapping().unwrap() {
        for (_, event) in resource["Properties"]["Events"].as_mapping().into_iter().flatten() {
            let route = &event["Properties"];
            deployed.insert((
                text(&route["Method"]).to_lowercase(),
                text(&route["Path"]).to_owned(),
                operation_id(text(name)),
            ));
        }
    }
    let document = openapi::document();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_mapping().unwrap() {
        for (method, operation) in methods.as_mapping().unwrap() {
            described.insert((
                text(method).to_owned(),
                text(path).to_owned(),
                text(&operation["operationId"]).to_owned(),
            ));
        }
    }
    assert_eq!(described, deployed);
}

#[test]
fn the_websocket_api_has_the_routes_of_the_template() {
    let resources = resources();
    let mut deployed = BTreeSet::new();
    for (_, resource) in resources.as_mapping().unwrap() {
        let properties = &resource["Properties"];
        let routes = properties["Routes"].as_mapping().into_iter().flatten().map(|(key, _)| key);
        deployed.extend(routes.chain(properties.get("RouteKey")).map(|key| text(key).to_owned()));
    }
    let document = asyncapi::document();
    // What API Gateway has a name of its own for is no action.
    let mut described = BTreeSet::from(["$connect", "$default", "$disconnect"].map(str::to_owned));
    for (name, operation) in document["operations"].as_mapping().unwrap() {
        if text(&operation["action"]) == "receive" {
            described.insert(text(&document["components"]["messages"][name]["name"]).to_owned());
        }
    }
    assert_eq!(described, deployed);
}

#[test]
fn every_action_and_endpoint_is_a_function_of_the_template() {
    let (resources, mut schemas) = (resources(), Schemas::new());
    let functions = endpoints(&mut schemas).into_iter().map(|endpoint| endpoint.function);
    for function in functions.chain(actions(&mut schemas).into_iter().map(|action| action.function)) {
        assert_eq!(resources[function]["Type"].as_str(), Some("AWS::Serverless::Function"), "{function}");
    }
}
