//! Requests to the HTTP API and to the other APIs of the gateway.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Request, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::gateway::Gateway;

/// The time limit of a request, longer than any response may take.
const TIMEOUT: Duration = Duration::from_secs(60);

impl Gateway {
    /// Returns a request to the HTTP API, which the caller completes.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        client().request(method, format!("{}{path}", self.http))
    }

    /// Returns a request to `probe` with an instruction.
    pub(crate) fn instruct(&self, instruction: Value) -> RequestBuilder {
        self.request(Method::GET, "/echo").header("x-do", instruction.to_string())
    }

    /// Returns the event of a request.
    pub(crate) async fn event(&self, request: RequestBuilder) -> Value {
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, 200, "{}\n{}", answer.text(), self.output);
        answer.json()
    }

    /// Returns the event of a `GET` of this path.
    pub(crate) async fn event_of(&self, path: &str) -> Value {
        self.event(self.request(Method::GET, path)).await
    }

    /// Invokes a function through Lambda's own API.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Answer {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        Answer::to(self.request(Method::POST, &path).body(event.to_string())).await
    }

    /// Returns `probe`'s report on its process.
    pub(crate) async fn report(&self, function: &str) -> Value {
        self.report_after(function, json!({})).await
    }

    /// Returns `probe`'s report on its process after an instruction.
    pub(crate) async fn report_after(&self, function: &str, instruction: Value) -> Value {
        let answer = self.invoke(function, &json!({ "do": instruction })).await;
        assert_eq!(answer.header("x-amz-function-error"), "", "{}\n{}", answer.text(), self.output);
        answer.json()
    }

    /// Returns the usage so far.
    pub(crate) async fn usage(&self) -> Value {
        Answer::to(self.request(Method::GET, "/_local/usage")).await.json()
    }

    /// Returns a request to `@connections`. [`Answer::to`] signs it with the keys of the operator.
    pub(crate) fn connections(&self, method: Method, id: &str) -> RequestBuilder {
        let stage = self.websocket().replacen("ws://", "http://", 1);
        client().request(method, format!("{stage}/@connections/{}", utf8_percent_encode(id, NON_ALPHANUMERIC)))
    }
}

/// Returns a new client. Clients cannot be shared, because each test has its own runtime.
fn client() -> Client {
    Client::builder().no_proxy().redirect(Policy::none()).timeout(TIMEOUT).build().unwrap()
}

/// A response.
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
    /// Sends a request and returns its response. A request to `@connections` is signed with the keys
    /// of the operator.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        Self::to_signed(request, &operator()).await
    }

    /// Sends a request and returns its response. A request to `@connections` is signed with these
    /// keys.
    pub(crate) async fn to_signed(request: RequestBuilder, keys: &Credentials) -> Self {
        let mut request = request.build().unwrap();
        if request.url().path().contains("/@connections/") {
            sign_with(&mut request, keys);
        }
        Self::to_unsigned(request).await
    }

    /// Sends a request as it is and returns its response.
    pub(crate) async fn to_unsigned(request: Request) -> Self {
        let response = client().execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    /// Returns the value of a header; empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns all values of a header.
    pub(crate) fn header_values(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// Returns the body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// Returns the keys of the person at this machine.
pub(crate) fn operator() -> Credentials {
    Credentials::new("local", "local", None, None, "test")
}

/// Signs a request to `@connections`.
pub(crate) fn sign_with(request: &mut Request, keys: &Credentials) {
    let identity = keys.clone().into();
    let parameters = SigningParams::builder().identity(&identity).region("us-east-1").name("execute-api");
    let parameters = parameters.time(SystemTime::now()).settings(SigningSettings::default()).build().unwrap().into();
    let body = request.body().map_or(&[][..], |body| body.as_bytes().unwrap());
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.url().as_str(),
        [].into_iter(),
        SignableBody::Bytes(body),
    );
    let (instructions, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
    let headers = instructions.headers().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    request.headers_mut().extend(headers.collect::<HeaderMap>());
}

/// Sends a literal request to the host and port of `url`. Returns the status and the rest of the
/// response. The request must contain `connection: close`.
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
