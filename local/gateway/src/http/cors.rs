//! Cross-origin requests. An API with CORS settings answers preflights itself and discards the CORS
//! headers of functions
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>).

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderName, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;

use crate::template::Cors;

const DISCARDED: [HeaderName; 6] = [
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
];

/// Returns whether a request is a CORS preflight.
pub(super) fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers a preflight with 204. An origin that is not listed gets no CORS headers.
pub(super) fn preflight(cors: &Cors, origin: Option<&HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if allow_origin(cors, origin, headers) {
        set(headers, ACCESS_CONTROL_ALLOW_METHODS, &cors.methods.join(","));
        set(headers, ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers.join(","));
        if let Some(max_age) = &cors.max_age {
            set(headers, ACCESS_CONTROL_MAX_AGE, max_age);
        }
    }
    response
}

/// Replaces the CORS headers of a response with the gateway's own.
pub(super) fn apply(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    for name in DISCARDED {
        headers.remove(name);
    }
    if allow_origin(cors, origin, headers) && !cors.exposed.is_empty() {
        set(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.exposed.join(","));
    }
}

fn allow_origin(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) -> bool {
    let allowed = |origin: &&HeaderValue| {
        cors.origins.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
    };
    let Some(origin) = origin.filter(allowed) else { return false };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.append(VARY, HeaderValue::from_static("origin"));
    if cors.credentials {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    true
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
