//! Requests to the running stack.

use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::multipart::Form;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

use crate::failure::Failure;

/// A running local stack.
pub(crate) struct Stack {
    api: String,
    client: Client,
}

/// A successful answer.
pub(crate) struct Answer {
    /// The JSON body.
    pub(crate) body: Value,
    /// The cookies that it sets, as `NAME=VALUE`.
    cookies: Vec<String>,
}

impl Answer {
    /// Returns the token in the cookies with this name. Another cookie of the same name says only that
    /// there is one.
    ///
    /// # Errors
    /// [`Failure::Refused`] if there is none.
    pub(crate) fn token(&self, name: &str) -> Result<String, Failure> {
        let mut values = self.cookies.iter().filter_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('='));
        let token = values.find(|value| !value.is_empty() && *value != "1");
        token.map(str::to_owned).ok_or_else(|| Failure::refused(name, "the answer sets no such cookie"))
    }
}

/// Returns a text field of an answer.
pub(crate) fn text(body: &Value, pointer: &str) -> Result<String, Failure> {
    let value = body.pointer(pointer).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| Failure::refused(pointer, body))
}

impl Stack {
    pub(crate) fn new(api: String) -> Self {
        Self { api: api.trim_end_matches('/').to_owned(), client: Client::new() }
    }

    /// Sends a request with a JSON body, or without one if it is `null`.
    pub(crate) async fn send(&self, method: Method, path: &str, cookies: &str, body: Value) -> Result<Answer, Failure> {
        let request = self.request(method, path, cookies);
        self.answer(path, if body.is_null() { request } else { request.json(&body) }).await
    }

    /// Sends a form.
    pub(crate) async fn send_form(&self, path: &str, cookies: &str, form: Form) -> Result<Answer, Failure> {
        self.answer(path, self.request(Method::POST, path, cookies).multipart(form)).await
    }

    /// Returns the code that was last mailed to an address.
    pub(crate) async fn mailed_code(&self, email: &str) -> Result<String, Failure> {
        let path = format!("/_local/mail?to={email}");
        let mails = self.send(Method::GET, &path, "", Value::Null).await?.body;
        let text = text(&mails, "/0/text")?;
        let code = text.split(|char: char| !char.is_ascii_digit()).find(|word| word.len() == 6);
        code.map(str::to_owned).ok_or_else(|| Failure::refused("reading the code", text))
    }

    /// Invokes a function that must answer with the status 200.
    pub(crate) async fn invoke(&self, function: &str, event: &str) -> Result<(), Failure> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = self.answer(&path, self.request(Method::POST, &path, "").body(event.to_owned())).await?.body;
        if answer["statusCode"] == 200 { Ok(()) } else { Err(Failure::refused(function, answer)) }
    }

    fn request(&self, method: Method, path: &str, cookies: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.api));
        if cookies.is_empty() { request } else { request.header(COOKIE, cookies) }
    }

    async fn answer(&self, path: &str, request: RequestBuilder) -> Result<Answer, Failure> {
        let no_stack = |source| Failure::NoStack { api: self.api.clone(), source };
        let response = request.send().await.map_err(no_stack)?;
        let (status, cookies) = (response.status(), cookies(&response));
        let text = response.text().await.map_err(no_stack)?;
        match serde_json::from_str(&text) {
            Ok(body) if status.is_success() => Ok(Answer { body, cookies }),
            _ => Err(Failure::refused(path, format!("{status} {text}"))),
        }
    }
}

fn cookies(response: &Response) -> Vec<String> {
    let headers = response.headers().get_all(SET_COOKIE).iter().filter_map(|header| header.to_str().ok());
    headers.filter_map(|header| header.split(';').next()).map(str::to_owned).collect()
}
