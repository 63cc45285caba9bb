//! Events that the local gateway does not produce, because its HTTP server refuses the requests.

use serde_json::{Value, json};
use test_support::{shared, skip_on_deployed_stack};

/// Returns the answer of `users` to an event with this query, which API Gateway passes on as the client
/// sent it.
async fn users(query: &str) -> Value {
    let path = "/api/users";
    let event = json!({
        "version": "2.0", "routeKey": format!("GET {path}"), "rawPath": path, "rawQueryString": query,
        "headers": { "host": "api.example" }, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "api", "domainName": "api.example", "domainPrefix": "api",
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "1.1.1.1", "userAgent": "-" },
            "requestId": "request", "routeKey": format!("GET {path}"), "stage": "$default",
            "time": "24/Nov/2026:12:00:00 +0000", "timeEpoch": 1_795_521_600_000_i64,
        },
    });
    shared().invoke("Users", &event).await
}

#[tokio::test]
async fn a_query_with_characters_that_a_url_must_not_contain_is_answered() {
    if skip_on_deployed_stack() {
        return;
    }
    for query in ["search=<b>", "search=\"a\"", "search=a b", "search=é", "search=^{|}\\`", "search=%zz", "limit=<"] {
        let answer = users(query).await;

        let expected = if query.starts_with("limit") { 400 } else { 200 };
        assert_eq!(answer["statusCode"], expected, "{query}: {answer}");
    }
}
