//! `events/`: a sample event for each function.

use std::fs;
use std::path::Path;
use std::process::Command;

use mongodb::bson::{Document, doc};
use serde_json::{Value, json};
use test_support::{
    ALLOWED_ORIGIN, Function, Route, Socket, Stack, Template, User, binaries, object_id, prove_address, shared,
    skip_on_deployed_stack, temporary_folder, workspace,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Reads the event of a function.
fn event(function: &Function) -> Value {
    let (name, binary) = (&function.name, &function.binary);
    let text = fs::read_to_string(workspace().join(format!("events/{binary}.json"))).unwrap_or_else(|_| {
        let (kind, model) = match &function.routes[0] {
            Route::Http { .. } => ("an event of the HTTP API (payload format 2.0)", "send-message.json"),
            Route::WebSocket { .. } => ("an event of the WebSocket API", "chatsend.json"),
            Route::CustomResource { .. } => ("a request of a custom resource", "ensure-indexes.json"),
        };
        let route = &function.routes[0];
        panic!("add events/{binary}.json, {kind} like events/{model}: {name} ({route}) has no sample event")
    });
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("events/{binary}.json: {error}"))
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_function_has_an_event_for_its_route() {
    for function in Template::read().functions {
        let event = event(&function);
        let route = match &function.routes[0] {
            Route::Http { .. } => {
                assert_eq!(event["version"], "2.0", "events/{}.json", function.binary);
                &event["routeKey"]
            }
            Route::WebSocket { .. } => &event["requestContext"]["routeKey"],
            Route::CustomResource { .. } => &event["ResourceType"],
        };
        let routes: Vec<_> = function.routes.iter().map(ToString::to_string).collect();
        assert_eq!(routes, [route.as_str().unwrap_or_default()], "the route in events/{}.json", function.binary);
    }
}

#[test]
fn every_event_is_for_a_function() {
    let functions = Template::read().functions;
    for entry in fs::read_dir(workspace().join("events")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let is_used = functions.iter().any(|function| file == format!("{}.json", function.binary));
        assert!(is_used, "remove events/{file}, or add its function to template.yaml: it belongs to no function");
    }
}

#[tokio::test]
async fn every_function_does_its_work_with_its_filled_event() {
    if skip_on_deployed_stack() {
        return;
    }
    let (stack, folder) = (shared(), temporary_folder());
    fill(stack, folder.path());
    for function in Template::read().endpoints() {
        let (name, event) = (&function.name, read(&folder.path().join(format!("{}.json", function.binary))));
        let text = event.to_string();
        assert!(!["_TOKEN", "TICKET", "65a1b2c3"].iter().any(|placeholder| text.contains(placeholder)), "{text}");
        let mut effect = Effect::of(stack, function, &event).await;

        let answer = stack.invoke(name, &event).await;

        let status = answer["statusCode"].as_u64();
        assert!(matches!(status, Some(200 | 204)), "{name} answers with {answer}");
        effect.expect(stack).await;
        // The first invocation has not ended the process.
        stack.invoke(name, &event).await;
    }
    assert!(!stack.output.mentions("the process ended"), "{}", stack.output);
}

/// Fills the events for a stack.
fn fill(stack: &Stack, folder: &Path) {
    let mut command = Command::new(binaries().join("sample-events"));
    command.args(["--api", &stack.http, "--origin", ALLOWED_ORIGIN, "--output"]).arg(folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The effect of an invocation besides its answer: a frame to the friend, or a record or its removal
/// in the database.
enum Effect {
    Frame(Box<Socket>, &'static str),
    Record(&'static str, Document),
    Removal(&'static str, Document),
    Answer,
}

impl Effect {
    /// Returns the effect of an event. A frame is awaited on a socket that is opened now.
    async fn of(stack: &Stack, function: &Function, event: &Value) -> Self {
        let connection = event["requestContext"]["connectionId"].as_str().unwrap_or_default();
        let body: Value = serde_json::from_str(event["body"].as_str().unwrap_or("{}")).unwrap_or_default();
        let chat = body["chatId"].as_str().map(object_id);
        match function.name.as_str() {
            "Chatsend" | "SendMessageAction" => Self::frame(stack, event, "chatUpdate").await,
            "MessageReceived" => Self::frame(stack, event, "messageSent").await,
            "SendActiveResponse" => Self::frame(stack, event, "recieveUserResponse").await,
            "AddFriend" => Self::frame(stack, event, "newFriend").await,
            "Connect" => Self::Record("connections", doc! { "_id": connection }),
            "JoinChatRoom" => Self::Record("connections", doc! { "_id": connection, "rooms": chat }),
            "LeaveChatRoom" => Self::Record("connections", doc! { "_id": connection, "rooms": { "$ne": chat } }),
            "Disconnect" => Self::Removal("connections", doc! { "_id": connection }),
            "Receipt" | "ReceiptAction" => Self::Record("marks", doc! { "chatId": chat, "read": 41 }),
            "ChatSettings" => Self::Record("marks", doc! { "chatId": chat, "muted": true }),
            "SendMessage" => Self::Record("log", doc! { "_id": chat, "lastSeq": 43 }),
            "UploadDetails" => Self::Record("users", doc! { "email": body["email"].as_str() }),
            _ => Self::Answer,
        }
    }

    /// Opens a socket of the other member of the chat that the connection of the event has joined.
    async fn frame(stack: &Stack, event: &Value, name: &'static str) -> Self {
        let database = stack.database().await;
        let find = async |collection: &str, filter: Document| {
            database.collection::<Document>(collection).find_one(filter).await.unwrap().unwrap()
        };
        let connection = find("connections", doc! { "_id": event["requestContext"]["connectionId"].as_str() }).await;
        let room = connection.get_array("rooms").unwrap()[0].as_object_id().unwrap();
        let head = find("log", doc! { "_id": room }).await;
        let ada = connection.get_object_id("userId").unwrap();
        let mut members = head.get_array("members").unwrap().iter().map(|member| member.as_document().unwrap());
        let friend = members.find_map(|member| member.get_object_id("id").ok().filter(|id| *id != ada)).unwrap();
        let email = find("users", doc! { "_id": friend }).await.get_str("email").unwrap().to_owned();
        let browser = prove_address(stack, &email).await;
        let user = User { id: friend.to_hex(), email, name: "Bob".to_owned(), browser };
        let socket = Socket::in_room(stack, &user, &user.browser, &room.to_hex()).await;
        Self::Frame(Box::new(socket), name)
    }

    /// Waits for the effect.
    async fn expect(&mut self, stack: &Stack) {
        let is_expected = !matches!(self, Self::Removal(..));
        match self {
            Self::Frame(socket, event) => _ = socket.expect_event(event).await,
            Self::Record(collection, filter) | Self::Removal(collection, filter) => {
                let records = stack.database().await.collection::<Document>(collection);
                let found = records.find_one(filter.clone()).await.unwrap();
                assert_eq!(found.is_some(), is_expected, "{collection}: {filter}");
            }
            Self::Answer => {}
        }
    }
}

#[tokio::test]
async fn a_custom_resource_request_is_answered_at_its_url() {
    if skip_on_deployed_stack() {
        return;
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    for function in Template::read().functions.iter().filter(|function| !function.is_endpoint()) {
        let mut event = event(function);
        event["ResponseURL"] = json!(format!("http://{}/", listener.local_addr().unwrap()));

        let (_, received) = tokio::join!(shared().invoke(&function.name, &event), receive(&listener));

        assert_eq!(received["Status"], "SUCCESS");
        for same in ["StackId", "RequestId", "LogicalResourceId"] {
            assert_eq!(received[same], event[same], "{same}");
        }
    }
}

/// Receives one request, answers it with 200 and returns its JSON body.
async fn receive(listener: &TcpListener) -> Value {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let body = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
        if let Some(body) = body {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            return body;
        }
        assert!(count > 0, "the request ends early: {text}");
    }
}
