//! Every example in the descriptions validates against its own schema, and every input can be
//! parsed.

use boon::{Compiler, Schemas};
use serde_json::Value;

use shared::contract::description::Input;
use shared::contract::{actions, endpoints};

use crate::document::Node;
use crate::{asyncapi, openapi};

/// Calls `visit` with every value in a document and its JSON pointer.
fn walk(value: &Value, at: &str, visit: &mut impl FnMut(&Value, &str)) {
    visit(value, at);
    let inside: Vec<_> = match value {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in inside {
        let key = key.replace('~', "~0").replace('/', "~1").replace('{', "%7B").replace('}', "%7D");
        walk(value, &format!("{at}/{key}"), visit);
    }
}

/// Validates the examples that `find` returns for each value with a schema at the key `schema`.
/// Returns the number of examples.
fn check(document: &Node, schema: &str, find: impl Fn(&Value) -> Vec<Value>) -> usize {
    let document = serde_json::to_value(document).unwrap();
    let (mut compiler, mut schemas, mut count) = (Compiler::new(), Schemas::new(), 0);
    compiler.enable_format_assertions();
    compiler.add_resource("https://api.example.com/", document.clone()).unwrap();
    walk(&document, "", &mut |value, at| {
        if value.get(schema).is_none_or(|schema| !schema.is_object()) {
            return;
        }
        let index = compiler.compile(&format!("https://api.example.com/#{at}/{schema}"), &mut schemas).unwrap();
        for example in find(value) {
            count += 1;
            if let Err(error) = schemas.validate(&example, index) {
                panic!("the example {example} at {at} is invalid: {error}");
            }
        }
    });
    count
}

#[test]
fn the_examples_of_the_http_api_are_valid() {
    let count = check(&openapi::document(), "schema", |value| {
        let named = value["examples"].as_object().into_iter().flat_map(|examples| examples.values());
        named.map(|example| example["value"].clone()).chain(value.get("example").cloned()).collect()
    });
    assert!(count > 90, "only {count} examples were found");
}

#[test]
fn the_examples_of_the_websocket_api_are_valid() {
    let count = check(&asyncapi::document(), "payload", |value| {
        let examples = value["examples"].as_array().into_iter().flatten();
        examples.map(|example| example["payload"].clone()).collect()
    });
    assert_eq!(count, actions::all().len() + shared::contract::events::all().len());
}

#[test]
fn the_examples_of_inputs_can_be_parsed() {
    let inputs = endpoints::all().into_iter().filter_map(|endpoint| match endpoint.input {
        Input::Query(input) | Input::Json(input) | Input::Form(input) => Some(input),
        Input::Nothing | Input::Photo => None,
    });
    for input in inputs.chain(actions::all().into_iter().map(|action| action.input)) {
        (input.parse)(&input.example).unwrap_or_else(|error| panic!("{}: {error}", input.example));
    }
}
