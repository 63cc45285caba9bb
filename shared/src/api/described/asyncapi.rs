//! The description of the WebSocket API.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Number;

use super::document::{Node, add, from_json, map, reference};
use super::examples::{ada, chat};
use super::schemas::{Schemas, ordered, variants};
use crate::api::*;
use crate::cookies::ACCESS;
use crate::error::Error;
use crate::input;

/// What clients can send.
pub(super) struct Action {
    /// The route's key.
    pub(super) action: &'static str,
    /// The template's name of the function.
    pub(super) function: &'static str,
    summary: &'static str,
    pub(super) effect: &'static str,
    schema: Node,
    example: Node,
}

/// The actions, in the order of the contract.
pub(super) fn actions(schemas: &mut Schemas) -> Vec<Action> {
    let [join, add_friend, active, send, recieved] = ACTIONS;
    vec![
        Action {
            effect: "members only; this socket now receives the events of that room",
            ..action::<JoinChatRoomInput>(
                schemas,
                (join, "JoinChatRoom", "From now on this socket receives the events of a chat's room"),
                r#"{"action":"join-chat-room","chatId":"65a1b2c3d4e5f60718293a4d","ackId":1}"#,
            )
        },
        Action {
            effect: "`newFriend` `{id, userName, friendName}` to every socket of user `id`, with whom the sender shares a chat; there, `id` and `userName` are the sender's, as known from the socket",
            ..action::<AddFriendInput>(
                schemas,
                (add_friend, "AddFriend", "Tells a new friend, on all their sockets, that the two are connected"),
                r#"{"action":"addFriend","id":"65a1b2c3d4e5f60718293a4c","userName":"Ada Lovelace","friendName":"Bob"}"#,
            )
        },
        Action {
            effect: "`recieveUserResponse` `{chatId}` to the others in the room",
            ..action::<SendActiveResponseInput>(
                schemas,
                (active, "SendActiveResponse", "Tells the others in a room that the sender is active"),
                r#"{"action":"sendActiveResponse","chatId":"65a1b2c3d4e5f60718293a4d"}"#,
            )
        },
        Action {
            effect: "`chatUpdate` `{chatId, message}` to the others in the room; storing is `POST /api/sendMessage`",
            ..action::<ChatsendInput>(
                schemas,
                (send, "Chatsend", "Shows a message to the others in a room at once"),
                r#"{"action":"chatsend","chatId":"65a1b2c3d4e5f60718293a4d","message":"Hello Bob"}"#,
            )
        },
        Action {
            effect: "`messageSent` `{chatId, message}` to the others in the room",
            ..action::<MessageRecievedInput>(
                schemas,
                (recieved, "MessageRecieved", "Tells the others in a room that a message arrived"),
                r#"{"action":"messageRecieved","chatId":"65a1b2c3d4e5f60718293a4d","message":"Hello Bob"}"#,
            )
        },
    ]
}

fn action<T: JsonSchema + DeserializeOwned>(
    schemas: &mut Schemas,
    (action, function, summary): (&'static str, &'static str, &'static str),
    example: &str,
) -> Action {
    input::read_json::<T>(example.as_bytes()).map_err(|error| format!("{example}: {error}")).unwrap();
    Action { action, function, summary, effect: "", schema: schemas.frame::<T>(action), example: from_json(example) }
}

/// One of each event.
fn events() -> Vec<Event> {
    let (chat_id, message) = (chat(), "Hello Bob".to_owned());
    let refusal = Error::Forbidden("join the chat room first");
    vec![
        Event::NewFriend { id: ada(), user_name: "Ada Lovelace".to_owned(), friend_name: "Bob".to_owned() },
        Event::UserResponse { chat_id },
        Event::ChatUpdate { chat_id, message: message.clone() },
        Event::MessageSent { chat_id, message },
        Event::Ack { ack_id: Number::from(1).try_into().unwrap() },
        Event::Error {
            action: Some("chatsend".to_owned()),
            status: refusal.status(),
            message: refusal.to_string(),
            ack_id: None,
        },
    ]
}

/// The whole document.
pub(super) fn document() -> Node {
    let mut schemas = Schemas::new();
    let mut document: Node = yaml_serde::from_str(include_str!("asyncapi.head.yaml")).unwrap();
    let (mut operations, mut messages, mut on_channel, mut frames) = (map! {}, map! {}, map! {}, map! {});
    let channel = || map! { "$ref" => "#/channels/socket" };
    let on_socket = |name: &str| map! { "$ref" => format!("#/channels/socket/messages/{name}") };

    let query = query(&mut schemas);
    for Action { action, function, summary, effect, schema, example } in actions(&mut schemas) {
        let name = super::openapi::operation_id(function);
        add(
            &mut messages,
            &name,
            map! {
                "name" => action, "summary" => summary, "payload" => schema, "examples" => vec![map! { "payload" => example }],
            },
        );
        add(
            &mut operations,
            &name,
            map! {
                "action" => "receive", "summary" => summary, "description" => format!("{}.", super::document::capitalized(effect)),
                "channel" => channel(), "messages" => vec![on_socket(&name)],
                "reply" => map! { "channel" => channel(), "messages" => vec![on_socket("ack"), on_socket("error")] },
            },
        );
    }
    let enumeration = Event::json_schema(&mut schemars::SchemaGenerator::new(event_settings()));
    schemas.given::<Event>();
    for ((name, schema), event) in variants(enumeration.as_value()).into_iter().zip(events()) {
        let example = from_json(serde_json::to_vec(&event).unwrap());
        assert_eq!(example["event"].as_str(), Some(name.as_str()), "the examples are in the order of the events");
        let summary = schema["description"].clone();
        add(
            &mut messages,
            &name,
            map! {
                "name" => name.as_str(), "summary" => summary.clone(), "payload" => reference("schemas", &type_name(&name)),
                "examples" => vec![map! { "payload" => example }],
            },
        );
        add(
            &mut operations,
            &name,
            map! {
                "action" => "send", "summary" => summary, "channel" => channel(), "messages" => vec![on_socket(&name)],
            },
        );
        add(&mut frames, &type_name(&name), schema);
    }
    for name in messages.as_mapping().unwrap().keys() {
        let name = name.as_str().unwrap();
        add(&mut on_channel, name, reference("messages", name));
    }
    for (name, schema) in schemas.finish().as_mapping().unwrap() {
        add(&mut frames, name.as_str().unwrap(), schema.clone());
    }
    let socket = map! {
        "address" => "/api",
        "title" => "The socket",
        "description" => "The one channel there is: all actions and events of a socket.",
        "messages" => on_channel,
        "bindings" => map! { "ws" => map! { "method" => "GET", "query" => query, "bindingVersion" => "0.1.0" } },
    };
    add(&mut document, "channels", map! { "socket" => socket });
    add(&mut document, "operations", operations);
    add(
        &mut document,
        "components",
        map! { "messages" => messages, "schemas" => frames, "securitySchemes" => credentials() },
    );
    document
}

/// The query of the handshake, in the words of JSON Schema.
fn query(schemas: &mut Schemas) -> Node {
    let (mut properties, mut required) = (map! {}, Vec::new());
    for (name, schema, is_required) in schemas.properties::<ConnectInput>() {
        let mut schema = schema;
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

/// `chatUpdate` is the event of the type `ChatUpdate`.
fn type_name(event: &str) -> String {
    let (first, rest) = event.split_at(1);
    first.to_uppercase() + rest
}

fn event_settings() -> schemars::generate::SchemaSettings {
    let mut settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings
}

fn credentials() -> Node {
    map! {
        "ticket" => map! {
            "type" => "httpApiKey", "in" => "query", "name" => "ticket",
            "description" => "From `POST /api/socketTicket`: for one socket, within 30 seconds.",
        },
        ACCESS => map! {
            "type" => "httpApiKey", "in" => "cookie", "name" => ACCESS,
            "description" => "Instead of a ticket, where the cookie reaches the socket's host.",
        },
    }
}
