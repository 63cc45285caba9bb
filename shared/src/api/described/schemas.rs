//! The schemas of the types, as both descriptions refer to them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::document::{Node, map, node};
use crate::api::AckId;

/// In which order a schema is easy to read.
const KEYS: [&str; 22] = [
    "$ref",
    "title",
    "description",
    "type",
    "format",
    "const",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "default",
    "minItems",
    "maxItems",
    "items",
    "oneOf",
    "anyOf",
    "allOf",
    "required",
    "properties",
    "additionalProperties",
];

/// What every frame may have beside what its action takes.
pub(super) const ACK_ID: &str = "ackId";

/// Gathers the schemas of everything that is described.
pub(super) struct Schemas {
    /// As clients have to write it.
    taken: SchemaGenerator,
    /// As clients can read it. A field that is always there is required, even where it can be `null`.
    given: SchemaGenerator,
    /// Replies, whose type holds everything but their `"status":true`.
    replies: BTreeSet<String>,
    /// Types whose fields are parameters, each of which is described where it is used.
    unnamed: BTreeSet<String>,
    /// Frames, by the name of the type that holds everything but their `action`.
    frames: BTreeMap<String, &'static str>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = |mut settings: SchemaSettings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings.into_generator()
        };
        Self {
            taken: settings(SchemaSettings::draft2020_12().for_deserialize()),
            given: settings(SchemaSettings::draft2020_12().for_serialize()),
            replies: BTreeSet::new(),
            unnamed: BTreeSet::new(),
            frames: BTreeMap::new(),
        }
    }

    /// Something that clients send.
    pub(super) fn taken<T: JsonSchema>(&mut self) -> Node {
        // What is given keeps the order of all fields; see `order`.
        self.given.subschema_for::<T>();
        node(self.taken.subschema_for::<T>().as_value())
    }

    /// Something that clients receive.
    pub(super) fn given<T: JsonSchema>(&mut self) -> Node {
        node(self.given.subschema_for::<T>().as_value())
    }

    /// The body of a successful reply.
    pub(super) fn reply<T: JsonSchema>(&mut self) -> Node {
        self.replies.insert(T::schema_name().into_owned());
        self.given::<T>()
    }

    /// The frame that asks for an action.
    pub(super) fn frame<T: JsonSchema>(&mut self, action: &'static str) -> Node {
        self.frames.insert(T::schema_name().into_owned(), action);
        self.taken::<AckId>();
        self.taken::<T>()
    }

    /// The properties of something that clients send, in order: the name, the schema, and whether it has to be there.
    pub(super) fn properties<T: JsonSchema>(&mut self) -> Vec<(String, Value, bool)> {
        self.taken::<T>();
        let name = T::schema_name();
        self.unnamed.insert(name.clone().into_owned());
        let schema = &self.taken.definitions()[name.as_ref()];
        let required = names(schema);
        let order = self.order(&name, schema);
        order
            .into_iter()
            .map(|name| (name.clone(), schema["properties"][&name].clone(), required.contains(&name)))
            .collect()
    }

    /// All that was gathered, by name.
    pub(super) fn finish(self) -> Node {
        let mut all: BTreeMap<&String, &Value> = self.given.definitions().iter().collect();
        all.extend(self.taken.definitions());
        let mut components = yaml_serde::Mapping::new();
        for (name, schema) in all {
            // The events are messages of their own.
            if name == "Event" || self.unnamed.contains(name) {
                continue;
            }
            let (mut schema, mut order) = (schema.clone(), self.order(name, schema));
            if self.replies.contains(name) {
                put_first(&mut schema, &mut order, "status", json!({ "type": "boolean", "const": true }));
            }
            if let Some(action) = self.frames.get(name) {
                put_first(&mut schema, &mut order, "action", json!({ "type": "string", "const": action }));
                schema["properties"][ACK_ID] = json!({
                    "$ref": "#/components/schemas/AckId",
                    "description": "Asks for an answer: an `ack` event once it is done, or an `error` event, with the same number.",
                });
                order.push(ACK_ID.to_owned());
            }
            components.insert(name.as_str().into(), ordered(&schema, &order));
        }
        components.into()
    }

    /// The properties in the order in which the type declares them. A JSON object has no order, but its list of required names has:
    /// of what is given that is all of them, except what can be left out, which comes last.
    fn order(&self, name: &str, schema: &Value) -> Vec<String> {
        let mut order = self.given.definitions().get(name).map_or_else(Vec::new, names);
        order_all(schema, &mut order);
        order
    }
}

/// The events, each with its name and its schema, from the enum that holds them all.
pub(super) fn variants(schema: &Value) -> Vec<(String, Node)> {
    let variants = schema["oneOf"].as_array().unwrap().iter().map(|variant| {
        let mut order = names(variant);
        order_all(variant, &mut order);
        let name = variant["properties"]["event"]["const"].as_str().unwrap().to_owned();
        (name, ordered(variant, &order))
    });
    variants.collect()
}

fn names(schema: &Value) -> Vec<String> {
    let required = schema["required"].as_array().into_iter().flatten();
    required.map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn order_all(schema: &Value, order: &mut Vec<String>) {
    for name in schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys()) {
        if !order.contains(name) {
            order.push(name.clone());
        }
    }
}

fn put_first(schema: &mut Value, order: &mut Vec<String>, name: &str, property: Value) {
    schema["properties"][name] = property;
    let mut required = vec![Value::from(name)];
    required.extend(schema["required"].as_array().cloned().unwrap_or_default());
    schema["required"] = required.into();
    order.insert(0, name.to_owned());
}

/// The schema, with its keys as they are easy to read, and its properties in this order.
pub(super) fn ordered(schema: &Value, order: &[String]) -> Node {
    let Value::Object(object) = schema else { return node(schema) };
    let unknown = object.keys().find(|key| !KEYS.contains(&key.as_str()));
    assert_eq!(unknown, None, "a key without a place among the others, in {schema}");
    let mut sorted = yaml_serde::Mapping::new();
    for (key, value) in KEYS.iter().filter_map(|key| Some((*key, object.get(*key)?))) {
        let value = match (key, value) {
            ("properties", properties) => {
                let mut sorted = yaml_serde::Mapping::new();
                for name in order {
                    sorted.insert(name.as_str().into(), ordered(&properties[name], &[]));
                }
                sorted.into()
            }
            ("oneOf" | "anyOf" | "allOf", Value::Array(schemas)) => {
                schemas.iter().map(|schema| ordered(schema, &[])).collect::<Vec<_>>().into()
            }
            // Rust's own name for an integer, which says no more than its bounds.
            ("format", Value::String(format)) if format.starts_with("uint") => continue,
            (_, value) => node(value),
        };
        sorted.insert(key.into(), value);
    }
    sorted.into()
}

/// The form of every failure.
pub(super) fn error() -> Node {
    map! {
        "description" => "What every endpoint answers when it cannot do what it is asked.",
        "type" => "object",
        "required" => vec!["status", "error"],
        "properties" => map! {
            "status" => map! { "type" => "boolean", "const" => false },
            "error" => map! {
                "type" => "object",
                "required" => vec!["status", "message"],
                "properties" => map! {
                    "status" => map! { "description" => "The HTTP status.", "type" => "integer" },
                    "message" => map! { "description" => "What is wrong, in English.", "type" => "string", "minLength" => 1 },
                },
            },
        },
    }
}
