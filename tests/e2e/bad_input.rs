//! Input that no well-behaved client sends. The reply is always an error from the contract, and the
//! next request works.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use test_support::descriptions::endpoints_with_a_json_body;
use test_support::{Browser, Chat, Reply, User, new_email, shared, unknown_id};

async fn send(browser: &Browser, method: &Method, path: &str, body: impl Into<Vec<u8>>) -> Reply {
    let body = body.into();
    browser.request(method.clone(), path, |request| request.header(CONTENT_TYPE, "application/json").body(body)).await
}

/// Checks that the user can still use the API.
async fn expect_all_to_work(user: &User) {
    let email = new_email();
    let other = User::sign_up(shared(), "Bob").await;
    let chat = Chat::connect(user, &other).await;
    let message = json!({ "chatId": chat, "userId": user.id, "message": "Hello" });
    user.browser.post("/api/sendMessage", message).await.expect(200);
    user.browser.query("/api/getChat", &[("chatId", &chat)]).await.expect(200);
    user.browser.query("/api/lastMessage", &[("chatId", &chat)]).await.expect(200);
    user.browser.get("/api/users").await.expect(200);
    user.browser.get("/api/allConnection").await.expect(200);
    user.browser.delete("/api/deleteOtp", json!({ "email": email })).await.expect(200);
}

#[tokio::test]
async fn a_body_must_be_a_json_object() {
    let user = User::sign_up(shared(), "Ada").await;
    let deep = "[".repeat(10_000);
    let bodies: [&[u8]; 12] = [
        b"",
        b"{",
        b"{\"email\":",
        b"{\"email\":\"ada@example.com\"}}",
        b"[]",
        b"[{\"email\":\"ada@example.com\"}]",
        b"\"email\"",
        b"null",
        b"5",
        b"\xFF\xFE{\"email\":\"\xC3\x28\"}",
        b"\0",
        deep.as_bytes(),
    ];
    for endpoint in endpoints_with_a_json_body() {
        for body in bodies {
            let reply = send(&user.browser, &endpoint.method, &endpoint.path, body).await;

            reply.expect_code(422, "invalidInput");
        }
    }
    expect_all_to_work(&user).await;
}

#[tokio::test]
async fn a_required_field_of_the_wrong_type_is_refused() {
    let user = User::sign_up(shared(), "Ada").await;
    for endpoint in endpoints_with_a_json_body() {
        for field in &endpoint.required {
            for wrong in [json!(null), json!(5), json!(true), json!([]), json!({ "$gt": "" }), json!({ "$ne": null })] {
                if wrong.is_boolean() && endpoint.example[field].is_boolean() {
                    continue;
                }
                let mut body = endpoint.example.clone();
                body[field] = wrong;

                let reply = send(&user.browser, &endpoint.method, &endpoint.path, body.to_string()).await;

                let error = reply.expect_error(422);
                assert!(error.message.starts_with(&format!("\"{field}\"")), "{}: {error:?}", endpoint.path);
            }
        }
    }
    expect_all_to_work(&user).await;
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let chat = Chat::start(shared()).await;
    let mut body = chat.by_ada("Hello");
    body["_id"] = unknown_id().into();
    body["seq"] = 1000.into();
    body["$where"] = "sleep(1000)".into();

    let message = chat.ada.browser.post("/api/sendMessage", body.clone()).await.expect(200)["data"].clone();

    assert_eq!(message["seq"], 1);
    assert_ne!(message["_id"], body["_id"]);
}

#[tokio::test]
async fn ids_are_24_lower_case_hex_digits() {
    let chat = Chat::start(shared()).await;
    let wrong =
        ["", "1", &chat.id[1..], &format!("{}0", chat.id), "zza1b2c3d4e5f60718293a4b", "65A1B2C3D4E5F60718293A4B"];
    for id in wrong {
        let message = |chat: &str, user: &str| json!({ "message": "Hello", "chatId": chat, "userId": user });
        let browser = &chat.ada.browser;

        browser.post("/api/createConnection", json!({ "personId": id })).await.expect_error(422);
        browser.post("/api/sendMessage", message(id, &chat.ada.id)).await.expect_error(422);
        browser.post("/api/sendMessage", message(&chat.id, id)).await.expect_error(422);
        browser.query("/api/getChat", &[("chatId", id)]).await.expect_error(400);
        browser.query("/api/lastMessage", &[("chatId", id)]).await.expect_error(400);
    }
}

#[tokio::test]
async fn overlong_texts_are_refused() {
    let chat = Chat::start(shared()).await;
    let (browser, long) = (&chat.ada.browser, "x".repeat(30_000));
    let email = format!("{long}@example.com");

    browser.post("/api/sendOtp", json!({ "email": email })).await.expect_error(422);
    browser.post("/api/verifyOtp", json!({ "email": chat.ada.email, "otp": long })).await.expect_error(422);
    browser.post("/api/uploadDetails", json!({ "email": email, "fullName": long })).await.expect_error(422);
    browser.post("/api/createConnection", json!({ "personId": long })).await.expect_error(422);
    browser.post("/api/sendMessage", chat.by_ada(&long)).await.expect_error(422);
    browser.post("/api/sendMessage", chat.by_ada_once("Hello", &long)).await.expect_error(422);
    expect_all_to_work(&chat.ada).await;
}

#[tokio::test]
async fn a_body_has_at_most_64_kibibytes() {
    let user = User::sign_up(shared(), "Ada").await;
    let padded = |bytes: usize| {
        let mut body = json!({ "email": new_email() }).to_string().into_bytes();
        body.resize(bytes, b' ');
        body
    };

    send(&user.browser, &Method::POST, "/api/sendOtp", padded(64 * 1024)).await.expect(200);

    for endpoint in endpoints_with_a_json_body() {
        for bytes in [64 * 1024 + 1, 1024 * 1024] {
            send(&user.browser, &endpoint.method, &endpoint.path, padded(bytes)).await.expect_code(413, "tooLarge");
        }
    }
    expect_all_to_work(&user).await;
}

#[tokio::test]
async fn odd_queries_cause_no_internal_error() {
    let chat = Chat::start(shared()).await;
    let id = &chat.id;
    for (status, path) in [
        (200, "/api/users?".to_owned()),
        (200, "/api/users?&&==&".to_owned()),
        (200, "/api/users?search=%00".to_owned()),
        (200, "/api/users?search=%FF%FE".to_owned()),
        (200, "/api/users?search=%F0%9F%98%80".to_owned()),
        (200, "/api/users?search=a&search=b&limit=1&limit=2".to_owned()),
        (200, "/api/users?search[$ne]=a&limit[]=1".to_owned()),
        (400, "/api/users?limit=+5".to_owned()),
        (200, format!("/api/users?x={}", "y".repeat(5_000))),
        (400, "/api/getChat?chatId".to_owned()),
        (400, "/api/getChat?chatId=".to_owned()),
        (400, "/api/getChat?chatId=%00".to_owned()),
        (200, format!("/api/getChat?chatId={id}&chatId={id}")),
        (400, format!("/api/getChat?chatId[$ne]={id}")),
        (400, format!("/api/getChat?chatId={id}&before=1&after=1")),
        (200, format!("/api/getChat?chatId={id}&before=9007199254740991&limit=1000")),
        (200, format!("/api/getChat?chatId={id}&after=9007199254740991&limit=1000")),
        (400, format!("/api/getChat?chatId={id}&before=-9223372036854775808")),
        (400, format!("/api/lastMessage?chatId={id}%20")),
        (400, format!("/api/lastMessage?CHATID={id}")),
    ] {
        let reply = chat.ada.browser.get(&path).await;

        assert_eq!(reply.status, status, "{path}");
    }
    expect_all_to_work(&chat.ada).await;
}

#[tokio::test]
async fn malformed_cookies_are_not_credentials() {
    for cookies in ["access-key", "access-key=", "=", ";;;", "access-key=..; refresh-key=..", "access-key=%00"] {
        let browser = Browser::sending(shared(), cookies);

        browser.get("/api/userDetails").await.expect_error(401);
        browser.get("/api/refresh").await.expect_error(401);
        browser.post("/api/sendMessage", Value::Null).await.expect_error(401);
    }
}
