//! The replies of API Gateway itself, and its CORS rules.

use reqwest::Method;
use serde_json::json;
use test_support::{ALLOWED_ORIGIN, Browser, Handshake, User, shared};

#[tokio::test]
async fn an_unknown_path_or_method_is_not_found() {
    let browser = Browser::new(shared());
    for (method, path) in [
        (Method::POST, "/"),
        (Method::GET, "/api"),
        (Method::GET, "/api/unknown"),
        (Method::GET, "/api/users/1"),
        (Method::GET, "/API/users"),
        (Method::GET, "/api/sendOtp"),
        (Method::POST, "/api/users"),
        (Method::GET, "/uploads"),
    ] {
        let reply = browser.request(method.clone(), path, |request| request).await;

        assert_eq!(reply.expect(404), json!({ "message": "Not Found" }), "{method} {path}");
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_use_the_api() {
    let preflight = |request: reqwest::RequestBuilder| {
        request
            .header("origin", ALLOWED_ORIGIN)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
    };

    let reply = Browser::new(shared()).request(Method::OPTIONS, "/api/sendOtp", preflight).await;

    assert_eq!((reply.status, reply.body.as_slice()), (204, b"".as_slice()));
    assert_eq!(reply.header("access-control-allow-origin"), ALLOWED_ORIGIN);
    assert_eq!(reply.header("access-control-allow-credentials"), "true");
    let methods = reply.header("access-control-allow-methods").to_uppercase();
    assert!(["GET", "POST", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
    assert!(reply.header("access-control-allow-headers").to_lowercase().contains("content-type"));
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_read_replies() {
    let user = User::sign_up(shared(), "Ada").await;
    let from_page = |request: reqwest::RequestBuilder| request.header("origin", ALLOWED_ORIGIN);

    let good = user.browser.request(Method::GET, "/api/userDetails", from_page).await;
    let refused = user.browser.request(Method::GET, "/api/getChat", from_page).await;

    assert_eq!((good.status, refused.status), (200, 400));
    for reply in [good, refused] {
        assert_eq!(reply.header("access-control-allow-origin"), ALLOWED_ORIGIN);
        assert_eq!(reply.header("access-control-allow-credentials"), "true");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_not_use_the_api() {
    for method in [Method::OPTIONS, Method::GET] {
        let from_other_page = |request: reqwest::RequestBuilder| {
            request.header("origin", "https://evil.example.com").header("access-control-request-method", "GET")
        };

        let reply = Browser::new(shared()).request(method, "/api/users", from_other_page).await;

        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn caches_must_not_store_replies() {
    let user = User::sign_up(shared(), "Ada").await;
    for path in ["/api/userDetails", "/api/users", "/api/getChat", "/api/allConnection"] {
        let reply = user.browser.get(path).await;

        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn sockets_open_only_at_the_stage() {
    for path in ["/other", "/api/more"] {
        let status = Handshake::new(shared()).path(path).refusal().await;

        assert_eq!(status, 403, "{path}");
    }
}

#[tokio::test]
async fn the_websocket_api_requires_an_upgrade() {
    let address = shared().websocket.replacen("ws://", "http://", 1);

    let reply = Browser::new(shared()).get(&address).await;

    assert_eq!(reply.status, 426);
}
