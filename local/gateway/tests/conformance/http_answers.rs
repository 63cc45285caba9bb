//! The effect of a function's answer on the client.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, shared};

/// The origin that the template allows.
const PAGE: &str = "https://page.example";

/// Returns the response that the client receives if the function answers with `answer`.
async fn response_to(answer: Value) -> Answer {
    Answer::to(shared().instruct(json!({ "answer": answer }))).await
}

#[tokio::test]
async fn status_headers_and_body_come_from_the_function() {
    let headers = json!({ "content-type": "text/plain", "x-own": "1" });

    let answer = response_to(json!({ "statusCode": 418, "headers": headers, "body": "short and stout" })).await;

    assert_eq!((answer.status, answer.text().as_str()), (418, "short and stout"));
    assert_eq!((answer.header("content-type"), answer.header("x-own")), ("text/plain", "1"));
}

#[tokio::test]
async fn each_cookie_is_a_separate_header() {
    let cookies = ["a=1; Path=/; HttpOnly", "b=2, 3"];

    let answer = response_to(json!({ "statusCode": 200, "cookies": cookies })).await;

    assert_eq!(answer.header_values("set-cookie"), cookies);
}

#[tokio::test]
async fn a_body_in_base64_is_decoded() {
    let headers = json!({ "content-type": "image/png" });
    let encoded = json!({ "statusCode": 200, "headers": headers, "body": "iVBORw==", "isBase64Encoded": true });

    let answer = response_to(encoded).await;

    assert_eq!(answer.body, [0x89, b'P', b'N', b'G']);
    assert_eq!(answer.header("content-type"), "image/png");
}

#[tokio::test]
async fn an_answer_without_a_status_is_the_body_of_a_200() {
    for (answer, body) in [(json!({ "hello": "world" }), r#"{"hello":"world"}"#), (json!("hello"), "hello")] {
        let answer = response_to(answer).await;

        assert_eq!((answer.status, answer.text().as_str()), (200, body));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn a_function_that_fails_is_a_500() {
    for instruction in
        [json!({ "error": "as instructed" }), json!({ "panic": true }), json!({ "exit": 1 }), json!({ "exit": 0 })]
    {
        let answer = Answer::to(shared().instruct(instruction.clone())).await;

        assert_eq!(
            (answer.status, answer.json()),
            (500, json!({ "message": "Internal Server Error" })),
            "{instruction}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_not_a_response_is_a_500() {
    for nonsense in [
        json!({ "statusCode": "many" }),
        json!({ "statusCode": 200, "body": { "not": "text" } }),
        json!({ "statusCode": 99 }),
    ] {
        let answer = response_to(nonsense.clone()).await;

        assert_eq!((answer.status, answer.json()), (500, json!({ "message": "Internal Server Error" })), "{nonsense}");
    }
}

#[tokio::test]
async fn an_answer_has_at_most_six_megabytes() {
    const LIMIT: usize = 6 * 1024 * 1024;
    const AROUND: usize = r#"{"body":"","statusCode":200}"#.len();

    let largest = Answer::to(shared().instruct(json!({ "fill": LIMIT - AROUND }))).await;
    let too_large = Answer::to(shared().instruct(json!({ "fill": LIMIT - AROUND + 1 }))).await;

    assert_eq!((largest.status, largest.body.len()), (200, LIMIT - AROUND));
    assert_eq!(too_large.status, 500);
}

#[tokio::test]
async fn the_gateway_answers_a_preflight_itself_with_204() {
    for path in ["/echo", "/routes/exact", "/nowhere"] {
        let request = shared().request(Method::OPTIONS, path).header("origin", PAGE);
        let request = request.header("access-control-request-method", "POST").header("x-do", r#"{"exit":1}"#);

        let answer = Answer::to(request).await;

        assert_eq!((answer.status, answer.text().as_str()), (204, ""), "{path}");
        let header = |name: &str| answer.header(&format!("access-control-{name}")).to_lowercase();
        assert_eq!(header("allow-origin"), PAGE);
        assert_eq!(header("allow-methods").replace(' ', ""), "get,post");
        assert_eq!(header("allow-headers"), "content-type");
        assert_eq!((header("allow-credentials").as_str(), header("max-age").as_str()), ("true", "600"));
    }
}

#[tokio::test]
async fn the_cors_headers_of_a_function_are_discarded() {
    let headers = json!({
        "access-control-allow-origin": "https://evil.example",
        "Access-Control-Allow-Credentials": "false",
        "access-control-expose-headers": "x-secret",
        "access-control-allow-methods": "PATCH",
    });
    let request = || shared().instruct(json!({ "answer": { "statusCode": 200, "headers": headers } }));

    let from_page = Answer::to(request().header("origin", PAGE)).await;
    let from_elsewhere = Answer::to(request().header("origin", "https://evil.example")).await;

    let header = |answer: &Answer, name: &str| answer.header(&format!("access-control-{name}")).to_owned();
    assert_eq!(header(&from_page, "allow-origin"), PAGE);
    assert_eq!(header(&from_page, "allow-credentials"), "true");
    assert_eq!(header(&from_page, "expose-headers").to_lowercase(), "x-exposed");
    for name in ["allow-origin", "allow-credentials", "expose-headers", "allow-methods"] {
        assert_eq!(header(&from_elsewhere, name), "", "{name}");
    }
}
