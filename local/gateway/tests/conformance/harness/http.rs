//! Requests to the HTTP API and to the other APIs that the stack serves.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::stack::Stack;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

impl Stack {
    /// A request to the HTTP API, to be finished by the caller.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        client().request(method, format!("{}{path}", self.http))
    }

    /// A request to `probe`, which does as told.
    pub(crate) fn telling(&self, told: Value) -> RequestBuilder {
        self.request(Method::GET, "/echo").header("x-do", told.to_string())
    }

    /// The event that a request makes.
    pub(crate) async fn event(&self, request: RequestBuilder) -> Value {
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, 200, "{}\n{}", answer.text(), self.output);
        answer.json()
    }

    /// The event of a `GET` of this path.
    pub(crate) async fn event_of(&self, path: &str) -> Value {
        self.event(self.request(Method::GET, path)).await
    }

    /// Invokes a function by Lambda's own API.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Answer {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        Answer::to(self.request(Method::POST, &path).body(event.to_string())).await
    }

    /// What `probe` reports of its process.
    pub(crate) async fn report(&self, function: &str) -> Value {
        self.report_after(function, json!({})).await
    }

    /// The same, after it did as told.
    pub(crate) async fn report_after(&self, function: &str, told: Value) -> Value {
        let answer = self.invoke(function, &json!({ "do": told })).await;
        assert_eq!(answer.header("x-amz-function-error"), "", "{}\n{}", answer.text(), self.output);
        answer.json()
    }

    /// A request to `@connections`.
    pub(crate) fn connections(&self, method: Method, id: &str) -> RequestBuilder {
        let stage = self.websocket.replacen("ws://", "http://", 1);
        client().request(method, format!("{stage}/@connections/{}", utf8_percent_encode(id, NON_ALPHANUMERIC)))
    }
}

/// One for each call: the runtimes of the tests come and go.
fn client() -> Client {
    Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE).build().unwrap()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The answer to a request.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    /// The value of a header; empty without it.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// All values of a header.
    pub(crate) fn header_values(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// Sends a request that is written out, to the host and port of `url`; returns the status and what follows it.
/// The request has to say `connection: close`.
pub(crate) async fn raw(url: &str, request: &str) -> (u16, String) {
    let authority = url.split("://").nth(1).unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(authority).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (line, rest) = answer.split_once("\r\n").unwrap();
    (line.split(' ').nth(1).unwrap().parse().unwrap(), rest.to_owned())
}
