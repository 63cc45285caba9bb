//! A browser: it keeps cookies as browsers do, and knows what to expect of an answer.

use std::sync::Arc;
use std::time::Duration;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Url};
use serde_json::{Value, json};

use super::described::check_reply;
use super::output::Output;
use super::stack::Stack;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who uses the HTTP API. A clone shares the cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    origin: String,
    output: Output,
    client: Client,
    jar: Arc<Jar>,
}

impl Browser {
    /// One without cookies, which keeps those that it is given.
    pub(crate) fn new(stack: &Stack) -> Self {
        let jar = Arc::new(Jar::default());
        Self::build(stack, Client::builder().cookie_provider(Arc::clone(&jar)), jar)
    }

    /// One that always sends this `Cookie` header, whatever the answers set.
    pub(crate) fn sending(stack: &Stack, cookies: &str) -> Self {
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookies).unwrap())]);
        Self::build(stack, Client::builder().default_headers(headers), Arc::default())
    }

    fn build(stack: &Stack, client: ClientBuilder, jar: Arc<Jar>) -> Self {
        let client = client.no_proxy().timeout(PATIENCE).build().unwrap();
        Self { origin: stack.http.clone(), output: stack.output.clone(), client, jar }
    }

    /// The `Cookie` header that it sends to the API; empty without cookies.
    pub(crate) fn cookies(&self) -> String {
        let url = format!("{}/api", self.origin).parse().unwrap();
        self.jar.cookies(&url).map_or_else(String::new, |header| header.to_str().unwrap().to_owned())
    }

    /// The token that it holds under this name.
    pub(crate) fn token(&self, name: &str) -> String {
        let cookies = self.cookies();
        let mut values = cookies.split("; ").filter_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('='));
        values.find(|value| *value != "1").unwrap_or_else(|| panic!("no {name} in {cookies:?}")).to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.query(path, &[]).await
    }

    /// `GET` with query parameters.
    pub(crate) async fn query(&self, path: &str, parameters: &[(&str, &str)]) -> Reply {
        let mut url: Url = self.url(path).parse().unwrap();
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Self::send(self.client.get(url), &self.output).await
    }

    /// `POST` with a JSON body.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.request(Method::POST, path, |request| request.json(&body)).await
    }

    /// `POST` without a body.
    pub(crate) async fn post_empty(&self, path: &str) -> Reply {
        self.request(Method::POST, path, |request| request).await
    }

    /// `DELETE` with a JSON body.
    pub(crate) async fn delete(&self, path: &str, body: Value) -> Reply {
        self.request(Method::DELETE, path, |request| request.json(&body)).await
    }

    /// Any request, finished by `build`.
    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Reply {
        Self::send(build(self.client.request(method, self.url(path))), &self.output).await
    }

    /// A path of the API, or a whole address.
    fn url(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.origin) } else { path.to_owned() }
    }

    async fn send(request: RequestBuilder, output: &Output) -> Reply {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let asked = format!("{method} {}", request.url());
        let response = match client.execute(request).await {
            Ok(response) => response,
            Err(error) => panic!("{asked}: {error:?}\n{output}"),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap().to_vec();
        let reply = Reply { asked, status, headers, body, output: output.clone() };
        check_reply(&method, &path, status, reply.header("content-type"), &reply.body);
        reply
    }
}

/// An answer.
pub(crate) struct Reply {
    asked: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
    headers: HeaderMap,
    output: Output,
}

impl Reply {
    /// The JSON body, which has to come with this status; `null` when there is no body.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        if self.status != status {
            let output = if self.status >= 500 { self.output.to_string() } else { String::new() };
            panic!("{} is answered with {}, not {status}: {text}\n{output}", self.asked, self.status);
        }
        if text.is_empty() {
            return Value::Null;
        }
        assert_eq!(self.header("content-type"), "application/json", "{}", self.asked);
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        assert!(status != 200 || body["status"] == true, "{} is answered with {text}", self.asked);
        body
    }

    /// The message of an error, which has to have this status and the form of the contract.
    #[track_caller]
    pub(crate) fn expect_error(&self, status: u16) -> String {
        let body = self.expect(status);
        let message = body["error"]["message"].as_str().unwrap_or_default();
        let error = json!({ "status": status, "code": body["error"]["code"], "message": message });
        assert_eq!(body, json!({ "status": false, "error": error }), "{}", self.asked);
        assert!(!message.is_empty(), "{} is answered with an empty message", self.asked);
        message.to_owned()
    }

    /// The value of a header; empty without it.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The cookies that it sets, in the order of their names and paths.
    pub(crate) fn set_cookies(&self) -> Vec<SetCookie> {
        let headers = self.headers.get_all(SET_COOKIE).iter();
        let mut cookies: Vec<_> = headers.map(|header| SetCookie::parse(header.to_str().unwrap())).collect();
        cookies.sort_by_key(SetCookie::place);
        cookies
    }

    /// The cookie that it sets at this place, as in `access-key /api`.
    #[track_caller]
    pub(crate) fn set_cookie(&self, place: &str) -> SetCookie {
        let mut found: Vec<_> = self.set_cookies().into_iter().filter(|cookie| cookie.place() == place).collect();
        assert_eq!(found.len(), 1, "{} is answered with this many {place}", self.asked);
        found.remove(0)
    }

    /// Checks that it makes a browser forget every cookie, on both paths.
    #[track_caller]
    pub(crate) fn expect_cleared_cookies(&self) {
        let cookies = self.set_cookies();
        let places: Vec<_> = cookies.iter().map(SetCookie::place).collect();
        assert_eq!(places, ["access-key /", "access-key /api", "refresh-key /", "refresh-key /api", "signup-key /api"]);
        for cookie in cookies {
            assert_eq!((cookie.value.as_str(), cookie.attribute("Max-Age")), ("", Some("0")), "{}", cookie.place());
        }
    }
}

/// A `Set-Cookie` header.
pub(crate) struct SetCookie {
    name: String,
    /// The value.
    pub(crate) value: String,
    attributes: Vec<String>,
}

impl SetCookie {
    fn parse(header: &str) -> Self {
        let mut parts = header.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        Self { name: name.to_owned(), value: value.to_owned(), attributes: parts.map(str::to_owned).collect() }
    }

    /// Its name and path.
    pub(crate) fn place(&self) -> String {
        format!("{} {}", self.name, self.attribute("Path").unwrap_or_default())
    }

    /// Whether it has an attribute without a value, as `HttpOnly`.
    pub(crate) fn is(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|found| found == attribute)
    }

    /// The value of an attribute, as `Max-Age`.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find_map(|found| found.strip_prefix(name)?.strip_prefix('='))
    }
}
