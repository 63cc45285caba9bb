//! The handshake that opens a socket, and the answer of `$connect` to it.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The answer of the function of `$connect`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConnectAnswer {
    pub(super) status_code: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
}

impl ConnectAnswer {
    /// Reads an answer. It must be an object; the derived implementation would accept an array too.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        let object: serde_json::Map<String, Value> = serde_json::from_slice(json).ok()?;
        serde_json::from_value(Value::Object(object)).ok()
    }

    /// Returns the only header of the answer that reaches the client.
    pub(super) fn protocol(&self) -> Option<HeaderValue> {
        let (_, value) = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))?;
        HeaderValue::from_str(value).ok()
    }
}

/// Returns the `Sec-WebSocket-Accept` key for a handshake (RFC 6455, section 4.2.2), or `None` if
/// the request is not a handshake.
pub(super) fn accept_key(request: &Request) -> Option<String> {
    let headers = request.headers();
    let is_handshake = request.method() == Method::GET
        && has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket")
        && has_token(headers, header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_handshake)?;
    Some(derive_accept_key(key.as_bytes()))
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
}

/// Accepts a handshake.
pub(super) fn switching_protocols(accept_key: &str, protocol: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(key) = HeaderValue::from_str(accept_key) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

/// Refuses a handshake with the status that `$connect` returned.
pub(super) fn refused_by_connect(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    refusal(status, status.canonical_reason().unwrap_or_default())
}

/// Refuses a request.
pub(super) fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
