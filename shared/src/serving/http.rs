//! Serves an endpoint of the HTTP API.

use std::convert::Infallible;
use std::fmt::Display;
use std::process::ExitCode;

use cookie::Cookie;
use futures_util::future::ready;
use futures_util::{FutureExt, stream};
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, RETRY_AFTER, SET_COOKIE, USER_AGENT,
    X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::http::{Response, StatusCode};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, LambdaEvent, RequestExt, Service, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::input;
use super::invocation::{self, Function, run_handler};
use crate::accounts::cookies;
use crate::accounts::photos::{Photo, PhotoBase};
use crate::accounts::tokens::{AccessToken, ShortLivedTokens};
use crate::config::FromEnv;
use crate::contract::credentials::ACCESS;
use crate::contract::errors::NOT_JSON;
use crate::contract::limits::{MAX_BODY_BYTES, MAX_PHOTO_BYTES};
use crate::contract::reply::{self, MessageOutput};
use crate::error::{Error, Result};
use crate::values::deadline::Deadline;

/// Serves an endpoint for as long as Lambda keeps this process: creates the parts of the function,
/// then passes them to `handler` with each request. While a part cannot be created, requests are
/// answered with 503.
///
/// Returns if the runtime stops. The reason is logged.
pub async fn serve<P, F, Fut>(handler: F) -> ExitCode
where
    P: FromEnv + Sync + 'static,
    F: Fn(&'static P, Request) -> Fut,
    Fut: Future<Output = Result<Reply>> + Send + 'static,
{
    let function = match Function::start().await {
        Ok(function) => function,
        Err(code) => return code,
    };
    invocation::run(async |event: LambdaEvent<LambdaRequest>| {
        let parts = function.parts().await;
        let mut answer = Adapter::from(service_fn(|request| {
            let reply = match &parts {
                Ok(parts) => {
                    let request = Request { request, deadline: Deadline::of_request() };
                    run_handler(handler(parts, request)).boxed()
                }
                Err(error) => ready(Ok(Reply::from_error(error))).boxed(),
            };
            async { Ok::<_, Infallible>(reply.await.unwrap_or_else(|error| Reply::from_error(&error)).0) }
        }));
        answer.call(LambdaEvent { payload: with_valid_query(event.payload), ..event }).await
    })
    .await
}

/// Percent-encodes the characters of a query that a URI must not contain. API Gateway may pass them
/// on as a client sent them, and `lambda_http` panics if it cannot build the URI.
fn with_valid_query(mut request: LambdaRequest) -> LambdaRequest {
    if let LambdaRequest::ApiGatewayV2(request) = &mut request
        && let Some(query) = &mut request.raw_query_string
        && !query.bytes().all(is_valid_in_query)
    {
        let encode = |byte| if is_valid_in_query(byte) { char::from(byte).into() } else { format!("%{byte:02X}") };
        *query = query.bytes().map(encode).collect();
    }
    request
}

/// Returns whether a query may contain this character (RFC 3986, section 3.4), or `%`.
fn is_valid_in_query(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte)
}

/// A request to one endpoint.
pub struct Request {
    request: lambda_http::Request,
    /// The time until which the request may have an effect.
    pub deadline: Deadline,
}

impl Request {
    /// Parses the JSON object in the body.
    ///
    /// # Errors
    /// [`NOT_JSON`] if the body is not declared as JSON, because a page of another site can send
    /// other types without a preflight; [`Error::TooLarge`] or [`Error::Invalid`] otherwise.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let body = self.body(MAX_BODY_BYTES)?;
        if !is_json(self.media_type()) {
            return Err(NOT_JSON);
        }
        input::read_json(body).map_err(Error::invalid)
    }

    /// Parses the body as JSON or `multipart/form-data`. A form may have a file in the field
    /// `file`.
    ///
    /// # Errors
    /// Those of [`Self::json`]; the limit of a file is [`MAX_PHOTO_BYTES`].
    pub async fn form<T: DeserializeOwned>(&self, file: &str) -> Result<(T, Option<Vec<u8>>)> {
        let Ok(boundary) = multer::parse_boundary(self.media_type()) else {
            return Ok((self.json()?, None));
        };
        let body = self.body(MAX_PHOTO_BYTES + MAX_BODY_BYTES).map_err(|_| Error::TooLarge(MAX_PHOTO_BYTES))?;
        let malformed = |_| Error::invalid("the body must be valid multipart/form-data");
        let chunks = stream::iter([Ok::<_, Infallible>(body.to_vec())]);
        let mut form = multer::Multipart::new(chunks, boundary);
        let (mut fields, mut content) = (Map::new(), None);
        while let Some(field) = form.next_field().await.map_err(malformed)? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == file {
                // A browser sends an empty file if the user did not choose one.
                content = Some(field.bytes().await.map_err(malformed)?.to_vec()).filter(|bytes| !bytes.is_empty());
            } else {
                fields.insert(name, Value::String(field.text().await.map_err(malformed)?));
            }
        }
        Ok((input::read(Value::Object(fields)).map_err(Error::invalid)?, content))
    }

    /// Parses the query parameters.
    ///
    /// # Errors
    /// [`Error::BadParameter`] if one is missing or malformed.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T> {
        let query = self.request.uri().query().unwrap_or_default().as_bytes();
        input::read_parameters(form_urlencoded::parse(query).into_owned()).map_err(Error::bad_parameter)
    }

    /// Returns the path parameter with this name.
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        self.request.path_parameters_ref()?.first(name)
    }

    /// Returns the values of all cookies with this name.
    pub fn cookies<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let headers = self.request.headers().get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
        headers.flat_map(move |header| cookies::values(header, name))
    }

    /// Returns the signed-in user.
    ///
    /// # Errors
    /// [`NO_ACCESS_KEY`](crate::contract::errors::NO_ACCESS_KEY) without a valid `access-key`.
    pub fn caller(&self, tokens: &ShortLivedTokens) -> Result<AccessToken> {
        tokens.read_access(self.cookies(ACCESS))
    }

    /// Returns the user agent of the browser.
    pub fn user_agent(&self) -> Option<&str> {
        self.header(USER_AGENT)
    }

    /// Returns the base URL of photos for this client: the host of the request, with the scheme
    /// that the gateway reports (HTTPS by default).
    pub fn photo_base(&self) -> PhotoBase {
        let scheme = self.header(HeaderName::from_static("x-forwarded-proto")).unwrap_or("https");
        let host = self.header(HOST).unwrap_or_default();
        PhotoBase::new(&format!("{scheme}://{host}"))
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    fn media_type(&self) -> &str {
        self.header(CONTENT_TYPE).unwrap_or_default()
    }

    fn body(&self, limit: usize) -> Result<&[u8]> {
        let body: &[u8] = self.request.body().as_ref();
        if body.len() > limit { Err(Error::TooLarge(limit)) } else { Ok(body) }
    }
}

/// Returns whether a media type is `application/json` or based on it. Parameters are ignored.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The reply to a request.
pub struct Reply(Response<Body>);

impl Reply {
    /// Returns a 200 with `{"status":true, …}` and the fields of `body`.
    ///
    /// # Errors
    /// [`Error::Internal`] if `body` is not an object.
    pub fn ok(body: impl Serialize) -> Result<Self> {
        Ok(Self::json(StatusCode::OK, reply::success(body)?))
    }

    /// Returns a 200 with `{"status":true,"message":…}`.
    ///
    /// # Errors
    /// Those of [`Self::ok`].
    pub fn message(text: impl Display) -> Result<Self> {
        Self::ok(MessageOutput { message: text.to_string() })
    }

    /// Returns a 204 without a body.
    pub fn no_content() -> Self {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NO_CONTENT;
        Self(response).header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// Returns a 200 with a photo. Clients may cache it forever, because the content of an address
    /// never changes.
    ///
    /// # Errors
    /// [`Error::Internal`] if the stored media type is invalid.
    pub fn photo(photo: Photo) -> Result<Self> {
        let content_type =
            HeaderValue::from_str(photo.content_type()).map_err(|error| Error::Internal(error.into()))?;
        let reply = Self(Response::new(Body::Binary(photo.into_bytes())));
        Ok(reply
            .header(CONTENT_TYPE, content_type)
            .header(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"))
            .header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
    }

    /// Returns the reply to a request that failed.
    pub fn from_error(error: &Error) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reply = Self::json(status, reply::failure(error));
        match error.retry_after() {
            Some(wait) => reply.header(RETRY_AFTER, HeaderValue::from(wait.as_secs())),
            None => reply,
        }
    }

    /// Adds these cookies to the reply.
    ///
    /// # Errors
    /// [`Error::Internal`] if a cookie contains characters that a header cannot have.
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
    fn json_is_recognized_by_its_media_type() {
        for json in
            ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
        {
            assert!(is_json(json), "{json} is not recognized");
        }
        for other in ["", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data"] {
            assert!(!is_json(other), "{other:?} is taken for JSON");
        }
    }
}
