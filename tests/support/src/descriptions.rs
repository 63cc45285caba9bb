//! The descriptions of the APIs, against which everything that tests send and receive is validated.

use std::collections::HashMap;
use std::fs;
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use reqwest::Method;
use serde_json::Value;

use crate::workspace::{ASYNCAPI, OPENAPI, workspace};

static HTTP: LazyLock<Description> = LazyLock::new(|| Description::read(OPENAPI));
static WEBSOCKET: LazyLock<Description> = LazyLock::new(|| Description::read(ASYNCAPI));

/// An endpoint that takes a JSON body.
pub struct Endpoint {
    /// The HTTP method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// A valid body.
    pub example: Value,
    /// The fields that the body must have.
    pub required: Vec<String>,
}

/// An action that clients send over a socket.
pub struct Action {
    /// The name.
    pub name: String,
    /// A valid frame without an `ackId`.
    pub example: Value,
    /// The fields that the frame must have besides `action`.
    pub required: Vec<String>,
}

/// Returns the methods, in capitals, and the paths of all endpoints.
pub fn operations() -> Vec<(String, String)> {
    let paths = HTTP.document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, operations)| {
        let methods = operations.as_object().unwrap().keys();
        methods.map(|method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

/// Returns the endpoints that take a JSON body.
pub fn endpoints_with_a_json_body() -> Vec<Endpoint> {
    let endpoint = |(method, path): (String, String)| {
        let operation = HTTP.operation(&method, &path).unwrap();
        let body = format!("{operation}/requestBody/content/application~1json");
        let example = HTTP.at(&body)?["example"].clone();
        let required = HTTP.required_fields(&format!("{body}/schema"));
        Some(Endpoint { method: method.parse().unwrap(), path, example, required })
    };
    operations().into_iter().filter_map(endpoint).collect()
}

/// Returns the actions that clients may send.
pub fn actions() -> Vec<Action> {
    let operations = WEBSOCKET.document["operations"].as_object().unwrap().iter();
    let received = operations.filter(|(_, operation)| operation["action"] == "receive");
    let action = |(key, _): (&String, &Value)| {
        let message = format!("/components/messages/{key}");
        let mut required = WEBSOCKET.required_fields(&format!("{message}/payload"));
        required.retain(|field| field != "action");
        let message = WEBSOCKET.at(&message).unwrap();
        let mut example = message["examples"][0]["payload"].clone();
        example.as_object_mut().unwrap().remove("ackId");
        Action { name: message["name"].as_str().unwrap().to_owned(), example, required }
    };
    received.map(action).collect()
}

/// Checks a reply against the description of the HTTP API.
pub(crate) fn check_reply(method: &str, path: &str, status: u16, media_type: &str, body: &[u8]) {
    // Paths that are not described are refused by API Gateway or served by the stack itself.
    let Some(operation) = HTTP.operation(method, path) else { return };
    let requested = format!("{method} {path}");
    let response = HTTP.resolve(&format!("{operation}/responses/{status}"));
    let response = response.unwrap_or_else(|| panic!("{OPENAPI} has no {status} for {requested}"));
    let Some(content) = HTTP.resolve(&format!("{response}/content")) else {
        assert!(body.is_empty(), "{OPENAPI} has no body for {status} of {requested}");
        return;
    };
    let schema = format!("{content}/{}/schema", escape(media_type));
    assert!(HTTP.at(&schema).is_some(), "{OPENAPI} has no {media_type} for {status} of {requested}");
    if media_type == "application/json" {
        HTTP.check(&schema, &serde_json::from_slice(body).unwrap(), &requested);
    }
}

/// Checks a frame against the description of the WebSocket API. `kind` is `action` for frames that
/// clients send, and `event` for those that they receive.
pub(crate) fn check_frame(kind: &str, frame: &Value) {
    let name = frame[kind].as_str().unwrap_or_else(|| panic!("{frame} has no {kind}"));
    let direction = if kind == "action" { "receive" } else { "send" };
    let mut operations = WEBSOCKET.document["operations"].as_object().unwrap().iter();
    let operation = operations.find(|(key, operation)| {
        let message = format!("/components/messages/{key}/name");
        operation["action"] == direction && WEBSOCKET.at(&message).is_some_and(|found| found == name)
    });
    let (key, _) = operation.unwrap_or_else(|| panic!("{ASYNCAPI} has no {kind} {name}"));
    WEBSOCKET.check(&format!("/components/messages/{key}/payload"), frame, name);
}

/// A description, with its compiled schemas by JSON pointer.
struct Description {
    document: Value,
    schemas: Schemas,
    indexes: HashMap<String, SchemaIndex>,
}

const ADDRESS: &str = "https://api.example.com/";

impl Description {
    fn read(path: &str) -> Self {
        let text = fs::read_to_string(workspace().join(path)).unwrap();
        let document: Value = yaml_serde::from_str(&text).unwrap();
        let mut pointers = Vec::new();
        find_schemas(&document, "", &mut pointers);
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource(ADDRESS, document.clone()).unwrap();
        let compiled = pointers.into_iter().map(|pointer| {
            let address = format!("{ADDRESS}#{}", pointer.replace('{', "%7B").replace('}', "%7D"));
            let index = compiler.compile(&address, &mut schemas).unwrap();
            (pointer, index)
        });
        let indexes = compiled.collect();
        Self { document, schemas, indexes }
    }

    /// Returns the pointer of the operation at this path.
    fn operation(&self, method: &str, path: &str) -> Option<String> {
        let fits = |template: &str| {
            let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            let same =
                |(part, segment): (&&str, &&str)| part == segment || (part.starts_with('{') && !segment.is_empty());
            template.len() == path.len() && template.iter().zip(&path).all(same)
        };
        let template = self.document["paths"].as_object()?.keys().find(|template| fits(template))?;
        let pointer = format!("/paths/{}/{}", escape(template), method.to_lowercase());
        self.at(&pointer).map(|_| pointer)
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.document.pointer(pointer)
    }

    /// Follows a `$ref` at `pointer`. Returns the pointer itself if it has none.
    fn resolve(&self, pointer: &str) -> Option<String> {
        let reference = self.at(pointer)?["$ref"].as_str();
        Some(reference.map_or(pointer, |reference| reference.trim_start_matches('#')).to_owned())
    }

    /// Returns the required fields of the schema at `pointer`.
    fn required_fields(&self, pointer: &str) -> Vec<String> {
        let schema = self.resolve(pointer).and_then(|pointer| self.at(&pointer)).unwrap();
        let required = schema["required"].as_array().into_iter().flatten();
        required.map(|field| field.as_str().unwrap().to_owned()).collect()
    }

    /// Checks a value against the schema at `pointer`.
    #[track_caller]
    fn check(&self, pointer: &str, value: &Value, subject: &str) {
        if let Err(error) = self.schemas.validate(value, self.indexes[pointer]) {
            panic!("{subject} does not match its description: {value}\n{error}");
        }
    }
}

/// Collects the pointers of the schemas of bodies and frames.
fn find_schemas(value: &Value, at: &str, pointers: &mut Vec<String>) {
    let entries = value.as_object().into_iter().flatten();
    for (key, value) in entries {
        let pointer = format!("{at}/{}", escape(key));
        find_schemas(value, &pointer, pointers);
        if matches!(key.as_str(), "schema" | "payload") {
            pointers.push(pointer);
        }
    }
}

/// Escapes a key for use in a JSON pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
