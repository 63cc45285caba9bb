//! The schemas that both descriptions refer to.

use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};
use shared::contract::description::Type;
use shared::values::ack_id::AckId;

use crate::document::{Node, map, node};

/// The order in which schema keys are written, for readability.
const KEYS: [&str; 24] = [
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
    "maxProperties",
    "propertyNames",
    "additionalProperties",
];

/// The field that every frame may have.
pub(crate) const ACK_ID: &str = "ackId";

/// A collection of the schemas that the descriptions use.
pub(crate) struct Schemas {
    /// Schemas of inputs.
    input: SchemaGenerator,
    /// Schemas of outputs. A field that is always present is required, even if it can be `null`.
    output: SchemaGenerator,
    /// The names of replies. Their types lack `"status":true`.
    replies: BTreeSet<String>,
    /// The names of types whose fields are parameters. Parameters are described where they are
    /// used.
    unnamed: BTreeSet<String>,
    /// The constant field that a frame has in addition to the fields of its type, by the name of
    /// the type.
    frames: BTreeMap<String, (&'static str, &'static str)>,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let settings = |mut settings: SchemaSettings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings.into_generator()
        };
        Self {
            input: settings(SchemaSettings::draft2020_12().for_deserialize()),
            output: settings(SchemaSettings::draft2020_12().for_serialize()),
            replies: BTreeSet::new(),
            unnamed: BTreeSet::new(),
            frames: BTreeMap::new(),
        }
    }

    /// Adds an input and returns a reference to its schema.
    pub(crate) fn input(&mut self, described: &Type) -> Node {
        // The output schema keeps the order of all fields; see `order`.
        (described.schema)(&mut self.output);
        node((described.schema)(&mut self.input).as_value())
    }

    /// Adds an output and returns a reference to its schema.
    pub(crate) fn output<T: JsonSchema>(&mut self) -> Node {
        node(self.output.subschema_for::<T>().as_value())
    }

    /// Adds the body of a successful reply and returns a reference to its schema.
    pub(crate) fn reply(&mut self, described: &Type) -> Node {
        self.replies.insert((described.name)().into_owned());
        node((described.schema)(&mut self.output).as_value())
    }

    /// Adds the frame of an action and returns a reference to its schema.
    pub(crate) fn action(&mut self, name: &'static str, described: &Type) -> Node {
        self.frames.insert((described.name)().into_owned(), ("action", name));
        self.input.subschema_for::<AckId>();
        self.input(described)
    }

    /// Adds the frame of an event and returns a reference to its schema.
    pub(crate) fn event(&mut self, name: &'static str, described: &Type) -> Node {
        self.frames.insert((described.name)().into_owned(), ("event", name));
        node((described.schema)(&mut self.output).as_value())
    }

    /// Adds an input whose fields are parameters. Returns the name and the schema of each, and
    /// whether it is required.
    pub(crate) fn parameters(&mut self, described: &Type) -> Vec<(String, Value, bool)> {
        self.input(described);
        let name = (described.name)();
        self.unnamed.insert(name.clone().into_owned());
        let schema = &self.input.definitions()[name.as_ref()];
        let required = names(schema);
        let order = self.order(&name, schema);
        order
            .into_iter()
            .map(|field| (field.clone(), schema["properties"][&field].clone(), required.contains(&field)))
            .collect()
    }

    /// Returns all schemas, by name.
    pub(crate) fn finish(self) -> Node {
        let mut all: BTreeMap<&String, &Value> = self.output.definitions().iter().collect();
        all.extend(self.input.definitions());
        let mut components = yaml_serde::Mapping::new();
        for (name, schema) in all {
            if self.unnamed.contains(name) {
                continue;
            }
            let (mut schema, mut order) = (schema.clone(), self.order(name, schema));
            if self.replies.contains(name) {
                put_first(&mut schema, &mut order, "status", json!({ "type": "boolean", "const": true }));
            }
            if let Some((field, value)) = self.frames.get(name) {
                put_first(&mut schema, &mut order, field, json!({ "type": "string", "const": value }));
                if *field == "action" {
                    schema["properties"][ACK_ID] = json!({
                        "$ref": "#/components/schemas/AckId",
                        "description": "Requests an answer with the same number: an `ack` event once the \
                                        frame is handled, or an `error` event.",
                    });
                    order.push(ACK_ID.to_owned());
                }
            }
            components.insert(name.as_str().into(), ordered(&schema, &order));
        }
        components.into()
    }

    /// Returns the names of the properties in the order in which the type declares them. A JSON
    /// object has no order, but the list of required names has one. For an output it contains all
    /// names except those of optional fields, which come last.
    fn order(&self, name: &str, schema: &Value) -> Vec<String> {
        let mut order = self.output.definitions().get(name).map_or_else(Vec::new, names);
        order_all(schema, &mut order);
        order
    }
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

/// Returns the schema with its keys in the order of [`KEYS`], and its properties in this order, which
/// is that of the required names if it is empty.
pub(crate) fn ordered(schema: &Value, order: &[String]) -> Node {
    let Value::Object(object) = schema else { return node(schema) };
    let unknown = object.keys().find(|key| !KEYS.contains(&key.as_str()));
    assert_eq!(unknown, None, "KEYS does not contain this key of {schema}");
    let mut sorted = yaml_serde::Mapping::new();
    for (key, value) in KEYS.iter().filter_map(|key| Some((*key, object.get(*key)?))) {
        let value = match (key, value) {
            ("properties", properties) => {
                let (mut sorted, mut order) = (yaml_serde::Mapping::new(), order.to_vec());
                if order.is_empty() {
                    order = names(schema);
                    order_all(schema, &mut order);
                }
                for name in order {
                    sorted.insert(name.as_str().into(), ordered(&properties[&name], &[]));
                }
                sorted.into()
            }
            ("oneOf" | "anyOf" | "allOf", Value::Array(schemas)) => {
                schemas.iter().map(|schema| ordered(schema, &[])).collect::<Vec<_>>().into()
            }
            // The name of a Rust integer type, which adds nothing to the bounds.
            ("format", Value::String(format)) if format.starts_with("uint") => continue,
            (_, value) => node(value),
        };
        sorted.insert(key.into(), value);
    }
    sorted.into()
}

/// Returns the schema of every failure.
pub(crate) fn error() -> Node {
    map! {
        "description" => "The reply to a request that failed.",
        "type" => "object",
        "required" => vec!["status", "error"],
        "properties" => map! {
            "status" => map! { "type" => "boolean", "const" => false },
            "error" => map! {
                "type" => "object",
                "required" => vec!["status", "code", "message"],
                "properties" => map! {
                    "status" => map! { "description" => "The HTTP status.", "type" => "integer" },
                    "code" => map! {
                        "description" => "The reason, for programs. It never changes.",
                        "type" => "string",
                        "pattern" => "^[a-z][A-Za-z]*$",
                    },
                    "message" => map! {
                        "description" => "The reason, in English.",
                        "type" => "string",
                        "minLength" => 1,
                    },
                    "chatId" => map! {
                        "description" => "The chat that exists already, if `code` is `alreadyConnected`.",
                        "$ref" => "#/components/schemas/ChatId",
                    },
                },
            },
        },
    }
}
