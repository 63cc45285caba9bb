//! Serving one endpoint of the HTTP API.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use cookie::Cookie;
use futures_util::stream;
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, RETRY_AFTER, SET_COOKIE, USER_AGENT,
    X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::http::{Response, StatusCode};
use lambda_http::{Body, RequestExt, service_fn, tracing};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::api::MessageOutput;
use crate::config::ConfigError;
use crate::cookies;
use crate::error::{Error, Result};
use crate::input;
use crate::invocation::stop;
use crate::photos::{MAX_PHOTO_BYTES, Photo, PhotoBase};
use crate::tokens::{AccessToken, AccessTokens};

/// The largest body, in bytes, of a request without a photo.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// A handler that takes longer is answered for: a client hears of a database or mail server that hangs within five seconds.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_millis(4500);

/// Serves the endpoint for as long as Lambda keeps this process: waits for `parts`, then hands them to `handler` with each request.
///
/// Returns when the parts cannot be had, or the runtime fails; both are logged.
pub async fn serve<A, F, Fut>(parts: impl Future<Output = Result<A, ConfigError>>, handler: F) -> ExitCode
where
    A: Send + Sync + 'static,
    F: Fn(Arc<A>, Request) -> Fut,
    Fut: Future<Output = Result<Reply>> + Send + 'static,
{
    tracing::init_default_subscriber();
    let app = match parts.await {
        Ok(app) => Arc::new(app),
        Err(error) => return stop(&error),
    };
    let answer = service_fn(|request| {
        let reply = guard(handler(Arc::clone(&app), Request(request)));
        async { Ok::<_, Infallible>(reply.await.unwrap_or_else(|error| Reply::from_error(&error)).0) }
    });
    match lambda_http::run(answer).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stop(&error),
    }
}

/// Runs a handler in a task of its own, so that neither a panic nor a server that hangs takes the process with it,
/// and logs what is not the caller's fault.
///
/// The task is not cancelled when its time is up: the database driver asks for its futures to be polled to the end.
pub(crate) async fn guard<T: Send + 'static>(handler: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let result = match tokio::time::timeout(ANSWER_TIMEOUT, tokio::spawn(handler)).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(Error::Internal(panic.into())),
        Err(elapsed) => Err(Error::Unavailable(elapsed.into())),
    };
    result.inspect_err(Error::log)
}

/// A request to one endpoint.
pub struct Request(lambda_http::Request);

impl Request {
    /// The JSON object in the body.
    ///
    /// # Errors
    /// [`Error::UnsupportedMedia`] when the body is not declared as JSON (a page of another site can send
    /// everything else without asking the browser's leave), [`Error::TooLarge`], or [`Error::Invalid`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let body = self.body(MAX_BODY_BYTES)?;
        if !is_json(self.media_type()) {
            return Err(Error::UnsupportedMedia("the body must be sent as application/json"));
        }
        input::read_json(body).map_err(Error::Invalid)
    }

    /// The body as JSON or `multipart/form-data`, and with the latter the file in the field `file`, if one was chosen.
    ///
    /// # Errors
    /// As [`Self::json`]; with a file the limit is [`MAX_PHOTO_BYTES`].
    pub async fn form<T: DeserializeOwned>(&self, file: &str) -> Result<(T, Option<Vec<u8>>)> {
        let Ok(boundary) = multer::parse_boundary(self.media_type()) else {
            return Ok((self.json()?, None));
        };
        let body = self.body(MAX_PHOTO_BYTES + MAX_BODY_BYTES).map_err(|_| Error::TooLarge(MAX_PHOTO_BYTES))?;
        let malformed = |_| Error::Invalid("the body must be valid multipart/form-data".to_owned());
        let whole = stream::iter([Ok::<_, Infallible>(body.to_vec())]);
        let mut form = multer::Multipart::new(whole, boundary);
        let (mut fields, mut chosen) = (Map::new(), None);
        while let Some(field) = form.next_field().await.map_err(malformed)? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == file {
                // A browser sends an empty file where none was chosen.
                chosen = Some(field.bytes().await.map_err(malformed)?.to_vec()).filter(|bytes| !bytes.is_empty());
            } else {
                fields.insert(name, Value::String(field.text().await.map_err(malformed)?));
            }
        }
        Ok((input::read(Value::Object(fields)).map_err(Error::Invalid)?, chosen))
    }

    /// The query parameters.
    ///
    /// # Errors
    /// [`Error::BadParameter`] when one is missing or malformed.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T> {
        let query = self.0.uri().query().unwrap_or_default().as_bytes();
        input::read_parameters(form_urlencoded::parse(query).into_owned()).map_err(Error::BadParameter)
    }

    /// The part of the path that the route calls `name`.
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        self.0.path_parameters_ref()?.first(name)
    }

    /// The values of all cookies of this name.
    pub fn cookies<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let headers = self.0.headers().get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
        headers.flat_map(move |header| cookies::values(header, name))
    }

    /// The signed-in user.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] without a valid `access-key`.
    pub fn caller(&self, tokens: &AccessTokens) -> Result<AccessToken> {
        tokens.read(self.cookies(cookies::ACCESS))
    }

    /// What the browser calls itself.
    pub fn user_agent(&self) -> Option<&str> {
        self.header(USER_AGENT)
    }

    /// Where photos are, as this client reaches the API: the host by which it came, over HTTPS unless the gateway says otherwise.
    pub fn photo_base(&self) -> PhotoBase {
        let scheme = self.header(HeaderName::from_static("x-forwarded-proto")).unwrap_or("https");
        let host = self.header(HOST).unwrap_or_default();
        PhotoBase::new(&format!("{scheme}://{host}"))
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    fn media_type(&self) -> &str {
        self.header(CONTENT_TYPE).unwrap_or_default()
    }

    fn body(&self, limit: usize) -> Result<&[u8]> {
        let body: &[u8] = self.0.body().as_ref();
        if body.len() > limit { Err(Error::TooLarge(limit)) } else { Ok(body) }
    }
}

/// `application/json`, with or without parameters, and the kinds that build on it.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The reply to a request.
pub struct Reply(Response<Body>);

impl Reply {
    /// `{"status":true, …}` with the fields of `body`.
    ///
    /// # Errors
    /// [`Error::Internal`] when `body` is no object.
    pub fn ok(body: impl Serialize) -> Result<Self> {
        #[derive(Serialize)]
        struct Success<T> {
            status: bool,
            #[serde(flatten)]
            body: T,
        }
        let json =
            serde_json::to_string(&Success { status: true, body }).map_err(|error| Error::Internal(error.into()))?;
        Ok(Self::json(StatusCode::OK, json))
    }

    /// `{"status":true,"message":…}`.
    ///
    /// # Errors
    /// None in practice; see [`Self::ok`].
    pub fn message(text: impl Display) -> Result<Self> {
        Self::ok(MessageOutput { message: text.to_string() })
    }

    /// 204 without a body.
    pub fn no_content() -> Self {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NO_CONTENT;
        Self(response).header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// A picture that never changes under its address.
    ///
    /// # Errors
    /// [`Error::Internal`] when the stored media type is none.
    pub fn photo(photo: Photo) -> Result<Self> {
        let content_type =
            HeaderValue::from_str(photo.content_type()).map_err(|error| Error::Internal(error.into()))?;
        let reply = Self(Response::new(Body::Binary(photo.into_bytes())));
        Ok(reply
            .header(CONTENT_TYPE, content_type)
            .header(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"))
            .header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
    }

    /// The contract's form of an error.
    pub fn from_error(error: &Error) -> Self {
        let message = Value::from(error.to_string());
        let body = format!(r#"{{"status":false,"error":{{"status":{},"message":{message}}}}}"#, error.status());
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reply = Self::json(status, body);
        match error.retry_after() {
            Some(wait) => reply.header(RETRY_AFTER, HeaderValue::from(wait.as_secs())),
            None => reply,
        }
    }

    /// The status, `Retry-After` and the body, for the descriptions of the API.
    #[cfg(test)]
    pub(crate) fn described(&self) -> (u16, Option<&HeaderValue>, &[u8]) {
        (self.0.status().as_u16(), self.0.headers().get(RETRY_AFTER), self.0.body().as_ref())
    }

    /// The same reply, setting these cookies.
    ///
    /// # Errors
    /// [`Error::Internal`] when a cookie holds what a header cannot.
    pub fn with_cookies(mut self, cookies: Vec<Cookie<'_>>) -> Result<Self> {
        for cookie in cookies {
            let value = HeaderValue::from_str(&cookie.to_string()).map_err(|error| Error::Internal(error.into()))?;
            self.0.headers_mut().append(SET_COOKIE, value);
        }
        Ok(self)
    }

    fn json(status: StatusCode, json: String) -> Self {
        let mut response = Response::new(Body::Text(json));
        *response.status_mut() = status;
        Self(response)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().insert(name, value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn json_is_told_by_its_media_type() {
        for json in
            ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
        {
            assert!(is_json(json), "{json} is JSON");
        }
        for other in ["", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data"] {
            assert!(!is_json(other), "{other:?} is not JSON");
        }
    }
}
