//! The demo page, and the routes that it needs.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};
use test_support::{ALLOWED_ORIGIN, ASYNCAPI, Browser, OPENAPI, PAGE, User, new_email, send_code, shared, workspace};

#[tokio::test]
async fn every_file_of_the_page_is_served_with_its_type() {
    let mut expected = vec![
        ("/".to_owned(), "text/html; charset=utf-8"),
        ("/_local/api".to_owned(), "text/html; charset=utf-8"),
        ("/_local/client.js".to_owned(), "text/javascript; charset=utf-8"),
        ("/_local/openapi.json".to_owned(), "application/json"),
        ("/_local/asyncapi.json".to_owned(), "application/json"),
    ];
    for entry in fs::read_dir(workspace().join(PAGE)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let kind = match name.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            _ => continue,
        };
        expected.push((format!("/_local/page/{name}"), kind));
    }
    for (path, kind) in expected {
        let reply = Browser::new(shared()).get(&path).await;

        assert_eq!((reply.status, reply.header("content-type")), (200, kind), "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(reply.header("content-security-policy").contains("script-src 'self';"), "{path}");
    }
}

#[tokio::test]
async fn no_other_files_are_served() {
    for path in ["/_local/page/unknown.js", "/_local/page/index.html", "/_local/page/..%2Fmain.rs"] {
        assert_eq!(Browser::new(shared()).get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_served_descriptions_equal_those_in_the_repository() {
    for (name, path) in [("openapi", OPENAPI), ("asyncapi", ASYNCAPI)] {
        let file = workspace().join(path);
        let described: Value = yaml_serde::from_str(&fs::read_to_string(file).unwrap()).unwrap();

        let reply = Browser::new(shared()).get(&format!("/_local/{name}.json")).await;

        assert_eq!(serde_json::from_slice::<Value>(&reply.body).unwrap(), described);
    }
}

#[tokio::test]
async fn a_second_user_can_sign_in_in_the_same_browser() {
    let first = User::sign_up(shared(), "Ada").await;
    let browser = &first.browser;
    let email = new_email();
    let otp = send_code(shared(), &email).await;

    // The cookies of the first user are not credentials here.
    browser.get("/_local/second/api/userDetails").await.expect(401);
    browser.post("/_local/second/api/verifyOtp", json!({ "email": email, "otp": otp })).await.expect(200);
    let profile = json!({ "fullName": "Bob", "email": email });
    browser.post("/_local/second/api/uploadDetails", profile).await.expect(200);

    let second = browser.get("/_local/second/api/userDetails").await.expect(200);
    assert_eq!(second["userdata"]["email"], json!(email));
    let listed = browser.query("/_local/second/api/users", &[("limit", "1")]).await.expect(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));

    browser.post_empty("/_local/second/api/logout").await.expect(200);
    browser.get("/_local/second/api/userDetails").await.expect(401);
    let details = browser.get("/api/userDetails").await.expect(200);
    assert_eq!(details["userdata"]["email"], json!(first.email));
}

#[tokio::test]
async fn only_pages_that_may_use_the_api_may_read_mail() {
    for (origin, allowed) in [(ALLOWED_ORIGIN, ALLOWED_ORIGIN), ("https://evil.example.com", "")] {
        let from_page = |request: reqwest::RequestBuilder| request.header("origin", origin);

        let reply = Browser::new(shared()).request(Method::GET, "/_local/mail?to=nobody", from_page).await;

        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, allowed));
    }
}

#[tokio::test]
async fn a_page_that_points_its_own_name_here_reads_no_mail() {
    let mail = format!("{}/_local/mail", shared().http);
    for (host, status) in [("localhost:3000", 200), ("127.0.0.1", 200), ("rebinding.example:3000", 421)] {
        let answer = reqwest::Client::new().get(&mail).header("host", host).send().await.unwrap();
        assert_eq!(answer.status(), status, "for {host}");
    }
}
