//! The events of a WebSocket API. Keys that do not apply are omitted.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use super::context::{Closed, Context};
use crate::ids::{gateway_id, trace_id};

/// Returns the event of a handshake.
pub(super) fn connect(context: &Context, request: &Request) -> Value {
    let multi = multi_value_headers(request.headers(), context);
    let last = |values: &BTreeMap<String, Vec<String>>| -> BTreeMap<String, String> {
        values.iter().filter_map(|(name, values)| Some((name.clone(), values.last()?.clone()))).collect()
    };
    let mut event = json!({
        "headers": last(&multi),
        "multiValueHeaders": multi,
        "requestContext": context.request_context("$connect", "CONNECT", &gateway_id()),
        "isBase64Encoded": false,
    });
    let query = query(request.uri().query().unwrap_or_default());
    if !query.is_empty() {
        event["queryStringParameters"] = json!(last(&query));
        event["multiValueQueryStringParameters"] = json!(query);
    }
    event
}

/// Returns the event of a frame.
pub(super) fn message(context: &Context, route: &str, request_id: &str, body: &str) -> Value {
    let mut request_context = context.request_context(route, "MESSAGE", request_id);
    request_context.insert("messageId".into(), json!(gateway_id()));
    json!({ "requestContext": request_context, "body": body, "isBase64Encoded": false })
}

/// Returns the event of a closed socket.
pub(super) fn disconnect(context: &Context, closed: &Closed) -> Value {
    let mut request_context = context.request_context("$disconnect", "DISCONNECT", &gateway_id());
    request_context.insert("disconnectStatusCode".into(), json!(closed.code));
    request_context.insert("disconnectReason".into(), json!(closed.reason));
    let host = &context.domain;
    json!({
        "headers": { "Host": host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" },
        "multiValueHeaders": { "Host": [host], "x-api-key": [""], "X-Forwarded-For": [""], "x-restapi": [""] },
        "requestContext": request_context,
        "isBase64Encoded": false,
    })
}

/// Returns the headers of the client and those that the gateway adds.
fn multi_value_headers(headers: &HeaderMap, context: &Context) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in headers.keys().filter(|name| **name != header::CONNECTION && **name != header::UPGRADE) {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        all.insert(canonical(name.as_str()), values.collect());
    }
    let port = context.domain.rsplit_once(':').map_or("80", |(_, port)| port);
    let added = [
        ("Host", context.domain.clone()),
        ("X-Amzn-Trace-Id", trace_id()),
        ("X-Forwarded-For", context.source_ip.clone()),
        ("X-Forwarded-Port", port.to_owned()),
        ("X-Forwarded-Proto", "http".to_owned()),
    ];
    all.extend(added.map(|(name, value)| (name.to_owned(), vec![value])));
    all
}

/// Spells a header's name as clients usually do, such as `Sec-WebSocket-Key`. API Gateway keeps the
/// client's case, which this server cannot see.
fn canonical(name: &str) -> String {
    let word = |word: &str| match word {
        "websocket" => "WebSocket".to_owned(),
        _ => word[..1].to_uppercase() + &word[1..],
    };
    name.split('-').map(|part| if part.is_empty() { String::new() } else { word(part) }).collect::<Vec<_>>().join("-")
}

fn query(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;

    fn context() -> Context {
        Context {
            connection_id: "L0SM9cOFvHcCIhw=".to_owned(),
            connected_at: Now::get(),
            source_ip: "127.0.0.1".to_owned(),
            user_agent: None,
            stage: "api".to_owned(),
            domain: "localhost:3001".to_owned(),
        }
    }

    #[test]
    fn a_connect_event_has_a_query_only_if_the_client_sent_one() {
        let event = |uri: &str| {
            let request = Request::get(uri).header("sec-websocket-key", "x").body(axum::body::Body::empty()).unwrap();
            connect(&context(), &request)
        };
        assert!(event("/api").get("queryStringParameters").is_none());
        let event = event("/api?a=1&a=2&b=%20");
        assert_eq!(event["queryStringParameters"], json!({ "a": "2", "b": " " }));
        assert_eq!(event["multiValueQueryStringParameters"], json!({ "a": ["1", "2"], "b": [" "] }));
        assert_eq!(event["headers"]["Sec-WebSocket-Key"], "x");
        assert_eq!(event["requestContext"]["eventType"], "CONNECT");
    }

    #[test]
    fn a_message_has_a_body_and_neither_headers_nor_query() {
        let event = message(&context(), "follow-order", "L0SM9cOFvHcCIhw=", "{}");
        assert_eq!(event["body"], "{}");
        assert!(event.get("headers").is_none() && event.get("queryStringParameters").is_none());
        assert!(event["requestContext"]["messageId"].is_string());
        assert_eq!(event["requestContext"]["routeKey"], "follow-order");
    }

    #[test]
    fn a_disconnect_event_has_the_close_code() {
        let event = disconnect(&context(), &Closed { code: 1005, reason: String::new() });
        assert_eq!(event["requestContext"]["disconnectStatusCode"], 1005);
        assert_eq!(event["requestContext"]["eventType"], "DISCONNECT");
    }
}
