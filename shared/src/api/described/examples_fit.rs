//! Every example in the descriptions is one of what it is an example of.

use boon::{Compiler, Schemas};
use serde_json::Value;

use super::document::Node;
use super::{asyncapi, openapi};

/// Calls `visit` with everything in a document, and where it is.
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

/// Checks the examples that `find` gives for each thing that has a schema under the key `schema`; returns how many there were.
fn check(document: &Node, schema: &str, find: impl Fn(&Value) -> Vec<Value>) -> usize {
    let document = serde_json::to_value(document).unwrap();
    let (mut compiler, mut schemas, mut count) = (Compiler::new(), Schemas::new(), 0);
    compiler.enable_format_assertions();
    compiler.add_resource("https://api.example.com/", document.clone()).unwrap();
    walk(&document, "", &mut |thing, at| {
        if thing.get(schema).is_none_or(|schema| !schema.is_object()) {
            return;
        }
        let index = compiler.compile(&format!("https://api.example.com/#{at}/{schema}"), &mut schemas).unwrap();
        for example in find(thing) {
            count += 1;
            if let Err(error) = schemas.validate(&example, index) {
                panic!("the example {example} at {at} is none: {error}");
            }
        }
    });
    count
}

#[test]
fn the_examples_of_the_http_api_fit_their_schemas() {
    let count = check(&openapi::document(), "schema", |thing| {
        let named = thing["examples"].as_object().into_iter().flat_map(|examples| examples.values());
        named.map(|example| example["value"].clone()).chain(thing.get("example").cloned()).collect()
    });
    assert!(count > 90, "only {count} examples were found");
}

#[test]
fn the_examples_of_the_websocket_api_fit_their_schemas() {
    let count = check(&asyncapi::document(), "payload", |thing| {
        let examples = thing["examples"].as_array().into_iter().flatten();
        examples.map(|example| example["payload"].clone()).collect()
    });
    assert_eq!(count, 11);
}
