//! What the descriptions of the APIs say: everything that a test sends and receives is held against them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

/// What the description of the HTTP API says of a reply.
pub(super) fn check_reply(method: &str, path: &str, status: u16, media_type: &str, body: &[u8]) {
    static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description::read("openapi.yaml"));
    // A path that is not described is one that API Gateway refuses, or one of the local stack's own.
    let Some(operation) = DESCRIPTION.operation(method, path) else { return };
    let asked = format!("{method} {path}");
    let response = DESCRIPTION.resolve(&format!("{operation}/responses/{status}"));
    let response = response.unwrap_or_else(|| panic!("openapi.yaml knows no {status} of {asked}"));
    let Some(content) = DESCRIPTION.resolve(&format!("{response}/content")) else {
        assert!(body.is_empty(), "openapi.yaml knows no body with {status} of {asked}");
        return;
    };
    let schema = format!("{content}/{}/schema", escaped(media_type));
    assert!(DESCRIPTION.at(&schema).is_some(), "openapi.yaml knows no {media_type} with {status} of {asked}");
    if media_type == "application/json" {
        DESCRIPTION.check(&schema, &serde_json::from_slice(body).unwrap(), &asked);
    }
}

/// What the description of the WebSocket API says of a frame. `kind` is `action` for what clients send, and `event` for what they receive.
pub(super) fn check_frame(kind: &str, frame: &Value) {
    static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description::read("asyncapi.yaml"));
    let name = frame[kind].as_str().unwrap_or_else(|| panic!("{frame} has no {kind}"));
    let messages = DESCRIPTION.document["components"]["messages"].as_object().unwrap();
    let message = messages.iter().find(|(_, message)| message["name"] == name);
    let (key, _) = message.unwrap_or_else(|| panic!("asyncapi.yaml knows no {kind} {name}"));
    DESCRIPTION.check(&format!("/components/messages/{key}/payload"), frame, name);
}

/// A description, with its schemas by where they are.
struct Description {
    document: Value,
    schemas: Schemas,
    indexes: HashMap<String, SchemaIndex>,
}

const ADDRESS: &str = "https://api.example.com/";

impl Description {
    fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/api").join(name);
        let document: Value = yaml_serde::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let mut places = Vec::new();
        find_schemas(&document, "", &mut places);
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource(ADDRESS, document.clone()).unwrap();
        let compiled = places.into_iter().map(|pointer| {
            let address = format!("{ADDRESS}#{}", pointer.replace('{', "%7B").replace('}', "%7D"));
            let index = compiler.compile(&address, &mut schemas).unwrap();
            (pointer, index)
        });
        let indexes = compiled.collect();
        Self { document, schemas, indexes }
    }

    /// Where the operation that takes this path is.
    fn operation(&self, method: &str, path: &str) -> Option<String> {
        let fits = |template: &str| {
            let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            let same = |(part, given): (&&str, &&str)| part == given || (part.starts_with('{') && !given.is_empty());
            template.len() == path.len() && template.iter().zip(&path).all(same)
        };
        let template = self.document["paths"].as_object()?.keys().find(|template| fits(template))?;
        let pointer = format!("/paths/{}/{}", escaped(template), method.to_lowercase());
        self.at(&pointer).map(|_| pointer)
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.document.pointer(pointer)
    }

    /// Where a part is, or the part that it refers to.
    fn resolve(&self, pointer: &str) -> Option<String> {
        let reference = self.at(pointer)?["$ref"].as_str();
        Some(reference.map_or(pointer, |reference| reference.trim_start_matches('#')).to_owned())
    }

    /// Checks a value against the schema at `pointer`.
    #[track_caller]
    fn check(&self, pointer: &str, value: &Value, what: &str) {
        if let Err(error) = self.schemas.validate(value, self.indexes[pointer]) {
            panic!("{what} is not as described: {value}\n{error}");
        }
    }
}

/// Gathers where the schemas of bodies and frames are.
fn find_schemas(value: &Value, at: &str, places: &mut Vec<String>) {
    let entries = value.as_object().into_iter().flatten();
    for (key, value) in entries {
        let place = format!("{at}/{}", escaped(key));
        find_schemas(value, &place, places);
        if matches!(key.as_str(), "schema" | "payload") {
            places.push(place);
        }
    }
}

/// A key as a part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
