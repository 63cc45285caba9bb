//! Browsers with cookies, and the replies that they receive.

use std::sync::Arc;
use std::time::Duration;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Url};
use serde_json::{Value, json};

use crate::descriptions::check_reply;
use crate::output::Output;
use crate::{ApiError, Stack};

/// The time limit of a request, longer than any reply may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A client of the HTTP API. Clones share the cookies.
#[derive(Clone)]
pub struct Browser {
    origin: String,
    output: Output,
    client: Client,
    jar: Arc<Jar>,
}

impl Browser {
    /// Returns a browser that has no cookies and keeps those that replies set.
    pub fn new(stack: &Stack) -> Self {
        let jar = Arc::new(Jar::default());
        Self::build(stack, Client::builder().cookie_provider(Arc::clone(&jar)), jar)
    }

    /// Returns a browser that always sends this `Cookie` header, regardless of what replies set.
    pub fn sending(stack: &Stack, cookies: &str) -> Self {
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookies).unwrap())]);
        Self::build(stack, Client::builder().default_headers(headers), Arc::default())
    }

    fn build(stack: &Stack, client: ClientBuilder, jar: Arc<Jar>) -> Self {
        let client = client.no_proxy().timeout(TIMEOUT).build().unwrap();
        Self { origin: stack.http.clone(), output: stack.output.clone(), client, jar }
    }

    /// Returns the `Cookie` header that the browser sends to the API; empty without cookies.
    pub fn cookies(&self) -> String {
        let url = format!("{}/api", self.origin).parse().unwrap();
        self.jar.cookies(&url).map_or_else(String::new, |header| header.to_str().unwrap().to_owned())
    }

    /// Returns the token in the cookies with this name.
    pub fn token(&self, name: &str) -> String {
        let cookies = self.cookies();
        let mut values = cookies.split("; ").filter_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('='));
        values.find(|value| *value != "1").unwrap_or_else(|| panic!("no {name} in {cookies:?}")).to_owned()
    }

    /// Sends a `GET` request.
    pub async fn get(&self, path: &str) -> Reply {
        self.query(path, &[]).await
    }

    /// Sends a `GET` request with query parameters.
    pub async fn query(&self, path: &str, parameters: &[(&str, &str)]) -> Reply {
        let mut url: Url = self.url(path).parse().unwrap();
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Self::send(self.client.get(url), &self.output).await
    }

    /// Sends a `POST` request with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.request(Method::POST, path, |request| request.json(&body)).await
    }

    /// Sends a `POST` request with a JSON body to an API that may be down. Returns `None` if there is no
    /// response.
    pub async fn try_post(&self, path: &str, body: Value) -> Option<Reply> {
        let request = self.client.post(self.url(path)).json(&body);
        Self::attempt(request, &self.output).await.ok()
    }

    /// Sends a `POST` request without a body.
    pub async fn post_empty(&self, path: &str) -> Reply {
        self.request(Method::POST, path, |request| request).await
    }

    /// Sends a `PUT` request with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.request(Method::PUT, path, |request| request.json(&body)).await
    }

    /// Sends a `DELETE` request with a JSON body.
    pub async fn delete(&self, path: &str, body: Value) -> Reply {
        self.request(Method::DELETE, path, |request| request.json(&body)).await
    }

    /// Sends a request that `build` completes.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Reply {
        Self::send(build(self.client.request(method, self.url(path))), &self.output).await
    }

    /// Returns the URL of an API path. Returns a URL unchanged.
    fn url(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.origin) } else { path.to_owned() }
    }

    async fn send(request: RequestBuilder, output: &Output) -> Reply {
        match Self::attempt(request, output).await {
            Ok(reply) => reply,
            Err(error) => panic!("{error:?}\n{output}"),
        }
    }

    async fn attempt(request: RequestBuilder, output: &Output) -> reqwest::Result<Reply> {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let requested = format!("{method} {}", request.url());
        let response = client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?.to_vec();
        let reply = Reply { requested, status, headers, body, output: output.clone() };
        check_reply(&method, &path, status, reply.header("content-type"), &reply.body);
        Ok(reply)
    }
}

/// A reply.
pub struct Reply {
    requested: String,
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    headers: HeaderMap,
    output: Output,
}

impl Reply {
    /// Checks the status and returns the JSON body; `null` if there is no body.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        if self.status != status {
            let output = if self.status >= 500 { self.output.to_string() } else { String::new() };
            panic!("{} returns {}, not {status}: {text}\n{output}", self.requested, self.status);
        }
        if text.is_empty() {
            return Value::Null;
        }
        assert_eq!(self.header("content-type"), "application/json", "{}", self.requested);
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        assert!(status != 200 || body["status"] == true, "{} returns {text}", self.requested);
        body
    }

    /// Checks that the reply is an error with this status in the contract's format, and returns the
    /// error.
    #[track_caller]
    pub fn expect_error(&self, status: u16) -> ApiError {
        let body = self.expect(status);
        let error = ApiError::read(&body["error"]);
        let mut expected = json!({ "status": status, "code": error.code, "message": error.message });
        if let Some(chat) = &error.chat {
            expected["chatId"] = chat.as_str().into();
        }
        assert_eq!(body, json!({ "status": false, "error": expected }), "{}", self.requested);
        error
    }

    /// Checks that the reply is an error with this status and code.
    #[track_caller]
    pub fn expect_code(&self, status: u16, code: &str) {
        assert_eq!(self.expect_error(status).code, code, "{}", self.requested);
    }

    /// Returns the value of a header; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the cookies that the reply sets, ordered by name and path.
    pub fn set_cookies(&self) -> Vec<SetCookie> {
        let headers = self.headers.get_all(SET_COOKIE).iter();
        let mut cookies: Vec<_> = headers.map(|header| SetCookie::parse(header.to_str().unwrap())).collect();
        cookies.sort_by_key(SetCookie::place);
        cookies
    }

    /// Returns the cookie that the reply sets at this place, as in `access-key /api`.
    #[track_caller]
    pub fn set_cookie(&self, place: &str) -> SetCookie {
        let mut cookies: Vec<_> = self.set_cookies().into_iter().filter(|cookie| cookie.place() == place).collect();
        assert_eq!(cookies.len(), 1, "the number of cookies {place} that {} sets", self.requested);
        cookies.remove(0)
    }

    /// Checks that the reply removes every cookie, on both paths.
    #[track_caller]
    pub fn expect_cleared_cookies(&self) {
        self.expect_cleared(&[
            "access-key /",
            "access-key /api",
            "refresh-key /",
            "refresh-key /api",
            "signup-key /api",
        ]);
    }

    /// Checks that the reply removes the cookies of the session, on both paths, and no others.
    #[track_caller]
    pub fn expect_cleared_session(&self) {
        self.expect_cleared(&["access-key /", "access-key /api", "refresh-key /", "refresh-key /api"]);
    }

    #[track_caller]
    fn expect_cleared(&self, expected: &[&str]) {
        let cookies = self.set_cookies();
        let places: Vec<_> = cookies.iter().map(SetCookie::place).collect();
        assert_eq!(places, expected);
        for cookie in cookies {
            assert_eq!((cookie.value.as_str(), cookie.attribute("Max-Age")), ("", Some("0")), "{}", cookie.place());
        }
    }
}

/// A `Set-Cookie` header.
pub struct SetCookie {
    name: String,
    /// The value.
    pub value: String,
    attributes: Vec<String>,
}

impl SetCookie {
    fn parse(header: &str) -> Self {
        let mut parts = header.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        Self { name: name.to_owned(), value: value.to_owned(), attributes: parts.map(str::to_owned).collect() }
    }

    /// Returns its name and path.
    pub fn place(&self) -> String {
        format!("{} {}", self.name, self.attribute("Path").unwrap_or_default())
    }

    /// Returns whether the cookie has an attribute without a value, such as `HttpOnly`.
    pub fn is(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|present| present == attribute)
    }

    /// Returns the value of an attribute, such as `Max-Age`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find_map(|attribute| attribute.strip_prefix(name)?.strip_prefix('='))
    }
}
