//! The events of requests, in payload format 2.0.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{assert_gateway_id, assert_time, keys, recorded, shape, shared, without};

/// Returns the event of a request with the same headers as the recorded event. The gateway adds the
/// rest.
async fn event_like_the_recorded_one() -> Value {
    shared()
        .event(shared().request(Method::GET, "/echo").header("accept", "*/*").header("user-agent", "curl/7.58.0"))
        .await
}

#[tokio::test]
async fn an_event_has_the_fields_of_a_recorded_one() {
    let recorded = recorded("v2-request-no-authorizer");

    let event = event_like_the_recorded_one().await;

    assert_eq!(keys(&event), keys(&recorded));
    assert_eq!(
        shape(&without(event, &["headers", "requestContext"])),
        shape(&without(recorded, &["headers", "requestContext"]))
    );
}

#[tokio::test]
async fn the_request_context_has_the_fields_of_a_recorded_one() {
    // It was recorded with mutual TLS, which this API does not require.
    let recorded = without(recorded("v2-request-no-authorizer")["requestContext"].take(), &["authentication"]);

    let event = event_like_the_recorded_one().await;

    assert_eq!(shape(&event["requestContext"]), shape(&recorded));
}

#[tokio::test]
async fn the_headers_equal_those_of_a_recorded_event() {
    let recorded = recorded("v2-request-no-authorizer");

    let event = event_like_the_recorded_one().await;

    assert_eq!(shape(&event["headers"]), shape(&recorded["headers"]));
}

#[tokio::test]
async fn optional_parts_have_the_form_of_a_recorded_event() {
    let parts = ["cookies", "queryStringParameters", "pathParameters", "body"];
    let recorded = recorded("v2-request-multi-value-parameters");
    let request = shared().request(Method::GET, "/routes/hello/big/world?Parameter1=value1&Parameter1=value2");
    let request = request.header("cookie", "a=1; b=2").header("content-type", "application/json").body("{}");

    let event = shared().event(request).await;

    for part in parts {
        assert_eq!(shape(&event[part]), json!(shape(&recorded[part])), "{part}");
    }
}

#[tokio::test]
async fn parts_that_a_request_lacks_are_absent() {
    let event = shared().event_of("/echo").await;

    for absent in ["cookies", "queryStringParameters", "pathParameters", "body", "stageVariables"] {
        assert!(event.get(absent).is_none(), "{absent} is {}", event[absent]);
    }
    assert_eq!(event["rawQueryString"], "");
}

#[tokio::test]
async fn the_values_come_from_the_request() {
    let event = shared().event(shared().request(Method::PUT, "/echo").header("user-agent", "someone/1")).await;

    assert_eq!(event["version"], "2.0");
    assert_eq!(event["rawPath"], "/echo");
    let context = &event["requestContext"];
    let (method, path, protocol) = ("PUT", "/echo", "HTTP/1.1");
    assert_eq!(
        context["http"],
        json!({
            "method": method,
            "path": path,
            "protocol": protocol,
            "sourceIp": "127.0.0.1",
            "userAgent": "someone/1",
        })
    );
    assert_eq!(event["headers"]["x-forwarded-for"], "127.0.0.1");
    assert_eq!(context["domainName"], event["headers"]["host"]);
}

#[tokio::test]
async fn the_default_stage_is_not_part_of_the_path() {
    let event = shared().event_of("/routes/exact").await;

    assert_eq!(event["requestContext"]["stage"], "$default");
    assert_eq!(
        (&event["rawPath"], &event["requestContext"]["http"]["path"]),
        (&json!("/routes/exact"), &json!("/routes/exact"))
    );
}

#[tokio::test]
async fn the_route_key_names_the_route_and_not_the_request() {
    for (path, key) in
        [("/echo", "ANY /echo"), ("/routes/exact", "GET /routes/exact"), ("/routes/x", "GET /routes/{name}")]
    {
        let event = shared().event_of(path).await;

        assert_eq!(event["routeKey"], key);
        assert_eq!(event["requestContext"]["routeKey"], key);
    }
}

#[tokio::test]
async fn the_time_is_given_as_text_and_in_milliseconds() {
    let event = shared().event_of("/echo").await;

    assert_time(&event["requestContext"]["time"], &event["requestContext"]["timeEpoch"]);
}

#[tokio::test]
async fn each_request_has_its_own_id() {
    let (one, other) = (shared().event_of("/echo").await, shared().event_of("/echo").await);

    assert_gateway_id(&one["requestContext"]["requestId"]);
    assert_ne!(one["requestContext"]["requestId"], other["requestContext"]["requestId"]);
}

#[tokio::test]
async fn cookies_are_an_array() {
    let request = shared().request(Method::GET, "/echo").header("cookie", "a=1; b=x=y").header("cookie", "a=2");

    let event = shared().event(request).await;

    assert_eq!(event["cookies"], json!(["a=1", "b=x=y", "a=2"]));
}

#[tokio::test]
async fn header_names_are_in_lower_case() {
    let event = shared().event(shared().request(Method::GET, "/echo").header("X-Mixed-Case", "As It Is")).await;

    assert_eq!(event["headers"]["x-mixed-case"], "As It Is");
    assert!(keys(&event["headers"]).into_iter().all(|name| name == name.to_lowercase()));
}

#[tokio::test]
async fn headers_of_the_same_name_are_joined_by_commas() {
    let event =
        shared().event(shared().request(Method::GET, "/echo").header("x-many", "1").header("x-many", "2")).await;

    assert_eq!(event["headers"]["x-many"], "1,2");
}

#[tokio::test]
async fn the_raw_query_string_stays_percent_encoded() {
    let event = shared().event_of("/echo?name=Ada%20Lovelace&umlaut=%C3%A4&sign=%26").await;

    assert_eq!(event["rawQueryString"], "name=Ada%20Lovelace&umlaut=%C3%A4&sign=%26");
    assert_eq!(event["queryStringParameters"], json!({ "name": "Ada Lovelace", "umlaut": "ä", "sign": "&" }));
}

#[tokio::test]
async fn query_parameters_of_the_same_name_are_joined_by_commas() {
    let event = shared().event_of("/echo?id=1&other=x&id=2&empty=").await;

    assert_eq!(event["queryStringParameters"], json!({ "id": "1,2", "other": "x", "empty": "" }));
}

#[tokio::test]
async fn a_body_of_a_textual_media_type_is_text() {
    for media_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/xml",
        "application/javascript",
        "text/plain",
        "text/csv",
    ] {
        let event =
            shared().event(shared().request(Method::POST, "/echo").header("content-type", media_type).body("{}")).await;

        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)), "{media_type}");
    }
}

#[tokio::test]
async fn every_other_body_is_base64() {
    let types = [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "image/png",
        "application/octet-stream",
        "application/vnd.api+json",
    ];
    for media_type in types {
        let event =
            shared().event(shared().request(Method::POST, "/echo").header("content-type", media_type).body("{}")).await;

        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("e30="), &json!(true)), "{media_type}");
    }
}

#[tokio::test]
async fn a_body_without_a_media_type_is_base64() {
    let event = shared().event(shared().request(Method::POST, "/echo").body("{}")).await;

    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("e30="), &json!(true)));
}

#[tokio::test]
async fn path_parameters_are_decoded() {
    let event = shared().event_of("/routes/Ada%20Lovelace/of%2Flove").await;

    assert_eq!(event["pathParameters"], json!({ "name": "Ada Lovelace", "kind": "of/love" }));
}

#[tokio::test]
async fn the_path_is_decoded_and_ends_at_a_decoded_question_mark() {
    for (path, expected) in [
        ("/routes/a%20b/%C3%A4", "/routes/a b/ä"),
        ("/routes/100%25/x", "/routes/100%/x"),
        ("/routes/a%3Fb/c?d=e%20f", "/routes/a"),
    ] {
        let event = shared().event_of(path).await;

        assert_eq!(event["rawPath"], expected, "{path}");
        assert_eq!(event["requestContext"]["http"]["path"], expected, "{path}");
    }
}
