//! `events/`: what each function can be tried with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{Setup, Stack, workspace};
use crate::least_privilege::Template;

/// The stack of the template that is deployed.
fn deployed() -> &'static Stack {
    static DEPLOYED: LazyLock<Stack> = LazyLock::new(|| Setup::of_workspace().start());
    &DEPLOYED
}

/// The function that each binary is in the template, by binary.
fn functions() -> BTreeMap<String, String> {
    let template = Template::read();
    template.functions.into_iter().map(|function| (function.binary, function.name)).collect()
}

fn event(binary: &str) -> Value {
    let text = fs::read_to_string(workspace().join(format!("events/{binary}.json"))).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("events/{binary}.json: {error}"))
}

/// What a function answers to its event, twice: the first must not have ended its process.
async fn answer(stack: &Stack, function: &str, event: &Value) -> Value {
    stack.invoke(function, event).await;
    let answer = stack.invoke(function, event).await;
    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, ""), "{function}: {}", answer.text());
    answer.json()
}

#[test]
fn each_function_has_an_event_and_each_event_a_function() {
    let files = fs::read_dir(workspace().join("events")).unwrap().map(|entry| entry.unwrap().path());
    let events: BTreeSet<_> = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();

    assert_eq!(events, functions().into_keys().collect());
}

#[tokio::test]
async fn each_event_gets_an_answer_of_its_kind() {
    let stack = deployed();
    let (mut http, mut sockets) = (0, 0);
    for (binary, function) in functions() {
        let event = event(&binary);
        let answer = match event.get("RequestType") {
            Some(_) => continue,
            None => answer(stack, &function, &event).await,
        };
        let status = answer["statusCode"].as_u64().unwrap_or_else(|| panic!("{function} answers with {answer}"));
        assert!(status < 500, "{function} answers with {answer}\n{}", stack.output);
        if event["version"] == "2.0" {
            http += 1;
            expect_http_answer(&event, status, &answer);
        } else {
            sockets += 1;
            let refused = event["requestContext"]["eventType"] == "CONNECT" && [401, 403].contains(&status);
            assert!(status == 200 || refused, "{function} answers with {answer}");
        }
    }
    assert!(http >= 15 && sockets >= 8, "{http} and {sockets}");
    assert!(!stack.output.mentions("the process ended"), "{}", stack.output);
}

/// Checks that the function understood the request: what it complains of at most is that nobody is signed in or that a thing is not there.
fn expect_http_answer(event: &Value, status: u64, answer: &Value) {
    let route = &event["routeKey"];
    assert!([200, 204, 401, 404].contains(&status), "{route} answers with {answer}");
    let is_json = answer["headers"]["content-type"].as_str().is_some_and(|kind| kind.starts_with("application/json"));
    if status != 204 && is_json {
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["status"], json!(status == 200), "{route} answers with {body}");
    }
}

#[test]
fn each_http_event_is_for_the_route_of_its_function() {
    let template = Template::read();
    for function in template.functions {
        let event = event(&function.binary);
        if event["version"] == "2.0" {
            assert_eq!(function.routes, [event["routeKey"].as_str().unwrap()], "{}", function.name);
        }
    }
}

#[tokio::test]
async fn the_event_of_a_custom_resource_is_answered_at_its_address() {
    let stack = deployed();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    for (binary, function) in functions() {
        let mut event = event(&binary);
        if event.get("RequestType").is_none() {
            continue;
        }
        event["ResponseURL"] = json!(format!("http://{}/", listener.local_addr().unwrap()));

        let (invoked, heard) = tokio::join!(stack.invoke(&function, &event), hear(&listener));

        assert_eq!((invoked.status, invoked.header("x-amz-function-error")), (200, ""), "{}", invoked.text());
        assert_eq!(heard["Status"], "SUCCESS");
        for same in ["StackId", "RequestId", "LogicalResourceId"] {
            assert_eq!(heard[same], event[same], "{same}");
        }
    }
}

/// The JSON body of the one request that comes, which is answered with 200.
async fn hear(listener: &TcpListener) -> Value {
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
        assert!(count > 0, "the request ends: {text}");
    }
}
