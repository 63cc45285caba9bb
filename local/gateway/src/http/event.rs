//! Requests and responses in payload format 2.0
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::routes::{Matched, decode};
use crate::clock::Now;
use crate::ids::{ACCOUNT_ID, trace_id};

/// The data of an event that is not part of the request.
pub(super) struct Context<'a> {
    pub(super) id: &'a str,
    pub(super) stage: &'a str,
    pub(super) peer: SocketAddr,
}

/// Returns the event for a request. Fields without a value are omitted.
pub(super) fn request(head: &Parts, body: Bytes, matched: &Matched, context: &Context<'_>) -> Vec<u8> {
    let Context { id, stage, peer } = *context;
    let host = text(&head.headers, HOST).unwrap_or("localhost");
    let now = Now::get();
    let path = path(head.uri.path());
    let query = head.uri.query().unwrap_or_default();
    let mut event = Map::new();
    event.insert("version".into(), json!("2.0"));
    event.insert("routeKey".into(), json!(matched.key));
    event.insert("rawPath".into(), json!(path));
    event.insert("rawQueryString".into(), json!(query));
    let cookies = cookies(&head.headers);
    if !cookies.is_empty() {
        event.insert("cookies".into(), json!(cookies));
    }
    event.insert("headers".into(), json!(headers(&head.headers, body.len(), host, peer)));
    if !query.is_empty() {
        event.insert("queryStringParameters".into(), json!(query_parameters(query)));
    }
    event.insert(
        "requestContext".into(),
        json!({
            "accountId": ACCOUNT_ID,
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.split('.').next(),
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": peer.ip().to_string(),
                "userAgent": text(&head.headers, USER_AGENT).unwrap_or_default(),
            },
            "requestId": id,
            "routeKey": matched.key,
            "stage": stage,
            "time": now.common_log_format(),
            "timeEpoch": now.epoch_millis(),
        }),
    );
    if !matched.parameters.is_empty() {
        event.insert("pathParameters".into(), json!(matched.parameters.iter().cloned().collect::<BTreeMap<_, _>>()));
    }
    let (body, is_base64) = encode_body(text(&head.headers, CONTENT_TYPE), body);
    if let Some(body) = body {
        event.insert("body".into(), json!(body));
    }
    event.insert("isBase64Encoded".into(), json!(is_base64));
    Value::Object(event).to_string().into_bytes()
}

/// Converts a function's answer into a response. Returns `None` if the answer is malformed.
pub(super) fn response(answer: &[u8]) -> Option<Response> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        status_code: u16,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        #[serde(default)]
        cookies: Vec<String>,
        body: Option<String>,
        #[serde(default)]
        is_base64_encoded: bool,
    }
    let answer: Value = serde_json::from_slice(answer).ok()?;
    if answer.get("statusCode").is_none() {
        // An answer without a status is the body of a 200.
        let body = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
        return Response::builder().header(CONTENT_TYPE, "application/json").body(Body::from(body)).ok();
    }
    let answer = Answer::deserialize(answer).ok()?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { BASE64.decode(body).ok()? } else { body.into_bytes() };
    let mut response = Response::builder().status(answer.status_code).body(Body::from(body)).ok()?;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    for cookie in answer.cookies {
        headers.append(SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    Some(response)
}

/// Encodes a body as text if its media type is textual, otherwise as base64. Returns the encoded
/// body and whether it is base64.
fn encode_body(media_type: Option<&str>, body: Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = essence.starts_with("text/")
        || ["application/json", "application/xml", "application/javascript"].contains(&essence.as_str());
    match String::from_utf8(body.into()) {
        Ok(text) if is_text => (Some(text), false),
        Ok(text) => (Some(BASE64.encode(text)), true),
        Err(error) => (Some(BASE64.encode(error.as_bytes())), true),
    }
}

/// Returns the path as HTTP APIs pass it: decoded, and cut at a decoded question mark
/// (<https://github.com/middleapi/standard-server/pull/93>, with captures of the real service).
fn path(encoded: &str) -> String {
    let mut path = decode(encoded);
    path.truncate(path.find('?').unwrap_or(path.len()));
    path
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Returns every cookie of every `Cookie` header.
fn cookies(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).map(str::trim).filter(|cookie| !cookie.is_empty()).collect()
}

/// Returns the headers with lower-case names, including those that the gateway adds but without
/// cookies. Values of the same name are joined by commas.
fn headers(headers: &HeaderMap, body_bytes: usize, host: &str, peer: SocketAddr) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::new();
    for name in headers.keys().filter(|name| **name != COOKIE) {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        joined.insert(name.as_str().to_owned(), values.collect::<Vec<_>>().join(","));
    }
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
    joined.insert("content-length".to_owned(), body_bytes.to_string());
    joined.insert("x-amzn-trace-id".to_owned(), trace_id());
    joined.insert("x-forwarded-for".to_owned(), peer.ip().to_string());
    joined.insert("x-forwarded-port".to_owned(), port.to_owned());
    joined.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    joined
}

/// Returns the decoded parameters. Values of the same name are joined by commas.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(&value.replace('+', " "));
        joined
            .entry(decode(&name.replace('+', " ")))
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_text_only_if_its_media_type_is() {
        let encoded = |media_type| encode_body(media_type, Bytes::from_static(b"{}"));
        for text in ["application/json", "application/json; charset=utf-8", "text/plain", "application/xml"] {
            assert_eq!(encoded(Some(text)), (Some("{}".to_owned()), false), "{text}");
        }
        for binary in [None, Some("application/x-www-form-urlencoded"), Some("multipart/form-data"), Some("image/png")]
        {
            assert_eq!(encoded(binary), (Some("e30=".to_owned()), true), "{binary:?}");
        }
        assert_eq!(encode_body(None, Bytes::new()), (None, false));
    }

    #[test]
    fn query_parameters_are_joined_by_commas() {
        let parameters = query_parameters("a=1&b=%20x+y&a=2&c");
        assert_eq!(parameters["a"], "1,2");
        assert_eq!(parameters["b"], " x y");
        assert_eq!(parameters["c"], "");
    }

    #[test]
    fn an_answer_without_a_status_is_the_body() {
        let response = response(br#"{"hello":"world"}"#).unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    }

    #[test]
    fn an_answer_that_is_not_a_response_is_refused() {
        assert!(response(b"nonsense").is_none());
        assert!(response(br#"{"statusCode":"x"}"#).is_none());
    }
}
