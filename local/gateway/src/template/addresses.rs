//! The addresses of both APIs, as CloudFormation writes them and on this machine.

use crate::ids::{REGION, URL_SUFFIX};

/// The logical id of the HTTP API that SAM adds for events that do not name an API.
pub(super) const IMPLICIT_HTTP_API: &str = "ServerlessHttpApi";

/// Returns the host of the API with this logical id, as a template spells it:
/// `${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}`.
fn host(api: &str) -> String {
    format!("{api}.execute-api.{REGION}.{URL_SUFFIX}")
}

/// Returns the attribute `ApiEndpoint` of an API.
pub(super) fn endpoint(api: &str, is_websocket: bool) -> String {
    format!("{}://{}", if is_websocket { "wss" } else { "https" }, host(api))
}

/// Replaces the public addresses of an HTTP API in `text` with its address on this machine.
pub(super) fn localize_http(text: &str, api: &str, port: u16) -> String {
    text.replace(&format!("https://{}", host(api)), &format!("http://localhost:{port}"))
}

/// Replaces the public addresses of a WebSocket API in `text` with its addresses on this machine:
/// `wss` is for clients, and `https` for functions that post to connections.
pub(super) fn localize_websocket(text: &str, api: &str, port: u16) -> String {
    text.replace(&format!("wss://{}", host(api)), &format!("ws://localhost:{port}"))
        .replace(&format!("https://{}", host(api)), &format!("http://127.0.0.1:{port}"))
}
