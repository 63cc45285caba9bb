//! `events/`: a sample event for each function.

use std::fs;

use serde_json::{Value, json};
use test_support::{Function, Route, Stack, Template, shared, skip_on_deployed_stack, workspace};
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

/// Invokes a function twice and returns the second answer: the first invocation must not end its
/// process.
async fn invoke_twice(stack: &Stack, function: &str, event: &Value) -> Value {
    stack.invoke(function, event).await;
    stack.invoke(function, event).await
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
async fn every_event_is_understood() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = shared();
    for function in Template::read().endpoints() {
        let (name, event) = (&function.name, event(function));

        let answer = invoke_twice(stack, name, &event).await;

        let status = answer["statusCode"].as_u64().unwrap_or_else(|| panic!("{name} answers with {answer}"));
        match &function.routes[0] {
            Route::Http { .. } => expect_http_answer(name, status, &answer),
            // The events are public, so they contain no credentials.
            Route::WebSocket { key } if key == "$connect" => {
                assert!([200, 401, 403].contains(&status), "{name} answers with {answer}");
            }
            _ => assert_eq!(status, 200, "{name} answers with {answer}"),
        }
    }
    assert!(!stack.output.mentions("the process ended"), "{}", stack.output);
}

/// Checks that the function understood the request. It may reply that the caller is not signed in
/// or that something is not found.
fn expect_http_answer(name: &str, status: u64, answer: &Value) {
    assert!([200, 204, 401, 404].contains(&status), "{name} answers with {answer}");
    let is_json = answer["headers"]["content-type"].as_str().is_some_and(|kind| kind.starts_with("application/json"));
    if status != 204 && is_json {
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["status"], json!(status == 200), "{name} answers with {body}");
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
