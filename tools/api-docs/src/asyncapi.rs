//! The description of the WebSocket API.

use shared::contract::credentials::ACCESS;
use shared::contract::description::{Action, Event};
use shared::contract::{actions, events};

use crate::document::{Node, add, capitalized, from_json, map, reference};
use crate::schemas::{Schemas, ordered};

/// Returns the whole document.
pub(crate) fn document() -> Node {
    let mut schemas = Schemas::new();
    let mut document: Node = yaml_serde::from_str(include_str!("asyncapi.head.yaml")).unwrap();
    let (mut operations, mut messages, mut on_channel) = (map! {}, map! {}, map! {});
    let channel = || map! { "$ref" => "#/channels/socket" };
    let on_socket = |name: &str| map! { "$ref" => format!("#/channels/socket/messages/{name}") };

    let query = query(&mut schemas);
    for Action { name, summary, effect, input } in actions::all() {
        let id = operation_id(name);
        let message = map! {
            "name" => name,
            "summary" => summary,
            "payload" => schemas.action(name, &input),
            "examples" => vec![map! { "payload" => from_json(&input.example) }],
        };
        let operation = map! {
            "action" => "receive",
            "summary" => summary,
            "description" => format!("{}.", capitalized(effect)),
            "channel" => channel(),
            "messages" => vec![on_socket(&id)],
            "reply" => map! { "channel" => channel(), "messages" => vec![on_socket("ack"), on_socket("error")] },
        };
        add(&mut messages, &id, message);
        add(&mut operations, &id, operation);
    }
    for Event { name, summary, output } in events::all() {
        let id = event_id(name);
        let message = map! {
            "name" => name,
            "summary" => summary,
            "payload" => schemas.event(name, &output),
            "examples" => vec![map! { "payload" => from_json(&output.example) }],
        };
        let operation = map! {
            "action" => "send",
            "summary" => summary,
            "channel" => channel(),
            "messages" => vec![on_socket(&id)],
        };
        add(&mut messages, &id, message);
        add(&mut operations, &id, operation);
    }
    for name in messages.as_mapping().unwrap().keys() {
        let name = name.as_str().unwrap();
        add(&mut on_channel, name, reference("messages", name));
    }
    let socket = map! {
        "address" => "/api",
        "title" => "The socket",
        "description" => "The only channel. It carries all actions and events of a connection.",
        "messages" => on_channel,
        "bindings" => map! { "ws" => map! { "method" => "GET", "query" => query, "bindingVersion" => "0.1.0" } },
    };
    add(&mut document, "channels", map! { "socket" => socket });
    add(&mut document, "operations", operations);
    let components = map! { "messages" => messages, "schemas" => schemas.finish(), "securitySchemes" => credentials() };
    add(&mut document, "components", components);
    document
}

/// Returns the name of an action in camel case: `join-chat-room` is `joinChatRoom`.
pub(crate) fn operation_id(action: &str) -> String {
    let mut words = action.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &capitalized(word))
}

/// Returns the name of an event. Some events have the name of the action that causes them.
pub(crate) fn event_id(event: &str) -> String {
    if actions::NAMES.contains(&event) { format!("{event}Event") } else { event.to_owned() }
}

/// Returns the schema of the query of the handshake.
fn query(schemas: &mut Schemas) -> Node {
    let (mut properties, mut required) = (map! {}, Vec::new());
    for (name, mut schema, is_required) in schemas.parameters(&actions::connect::query()) {
        if schema["type"].is_array() {
            schema["type"] = schema["type"][0].clone();
        }
        add(&mut properties, &name, ordered(&schema, &[]));
        if is_required {
            required.push(name);
        }
    }
    map! { "type" => "object", "required" => required, "properties" => properties }
}

fn credentials() -> Node {
    map! {
        "ticket" => map! {
            "type" => "httpApiKey", "in" => "query", "name" => "ticket",
            "description" => "From `POST /api/socketTicket`: opens one connection within 30 seconds.",
        },
        ACCESS => map! {
            "type" => "httpApiKey", "in" => "cookie", "name" => ACCESS,
            "description" => "Replaces the ticket if the cookie reaches the host of the WebSocket API.",
        },
    }
}
