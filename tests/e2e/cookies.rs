//! Cookies: tokens that scripts cannot read, and companions that they can.

use reqwest::Method;
use serde_json::json;
use test_support::{
    Browser, Handshake, Reply, Setup, User, new_email, prove_address, send_code, shared, skip_on_deployed_stack,
};

const NINETY_DAYS: &str = "7776000";
const FIFTEEN_MINUTES: &str = "900";

/// Checks the five cookies of a reply that signs a browser in.
#[track_caller]
fn expect_sign_in(reply: &Reply) {
    for (name, lifetime) in [("refresh-key", NINETY_DAYS), ("access-key", FIFTEEN_MINUTES)] {
        let token = reply.set_cookie(&format!("{name} /api"));
        assert_eq!(token.value.split('.').count(), 3, "{name} is not a JWT");
        assert!(token.is("HttpOnly"), "scripts can read {name}");
        assert_eq!((token.attribute("Max-Age"), token.attribute("SameSite")), (Some(lifetime), Some("Lax")));

        let companion = reply.set_cookie(&format!("{name} /"));
        assert_eq!(companion.value, "1");
        assert!(!companion.is("HttpOnly"), "scripts cannot read the companion of {name}");
        assert_eq!((companion.attribute("Max-Age"), companion.attribute("SameSite")), (Some(lifetime), Some("Lax")));
    }
    let signup = reply.set_cookie("signup-key /api");
    assert_eq!((signup.value.as_str(), signup.attribute("Max-Age")), ("", Some("0")));
    let body = String::from_utf8_lossy(&reply.body);
    assert!(!body.contains("eyJ"), "a token is in the body: {body}");
}

#[tokio::test]
async fn verifying_an_address_hides_a_signup_key_from_scripts() {
    let email = new_email();
    let otp = send_code(shared(), &email).await;

    let reply = Browser::new(shared()).post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await;

    let cookie = reply.set_cookie("signup-key /api");
    assert!(cookie.is("HttpOnly"));
    assert_eq!((cookie.attribute("Max-Age"), cookie.attribute("SameSite")), (Some(FIFTEEN_MINUTES), Some("Lax")));
}

#[tokio::test]
async fn completing_a_profile_signs_in() {
    let email = new_email();
    let browser = prove_address(shared(), &email).await;

    let reply = browser.post("/api/uploadDetails", json!({ "fullName": "Ada", "email": email })).await;

    expect_sign_in(&reply);
}

#[tokio::test]
async fn verifying_the_address_of_a_complete_profile_signs_in() {
    let user = User::sign_up(shared(), "Ada").await;
    let otp = send_code(shared(), &user.email).await;

    let reply = Browser::new(shared()).post("/api/verifyOtp", json!({ "email": user.email, "otp": otp })).await;

    expect_sign_in(&reply);
}

#[tokio::test]
async fn changing_a_profile_signs_in_again() {
    let user = User::sign_up(shared(), "Ada").await;

    let reply = user.browser.post("/api/uploadDetails", json!({ "fullName": "Ada King", "email": user.email })).await;

    expect_sign_in(&reply);
}

#[tokio::test]
async fn refreshing_sets_all_cookies() {
    let user = User::sign_up(shared(), "Ada").await;

    let reply = user.browser.get("/api/refresh").await;

    expect_sign_in(&reply);
}

#[tokio::test]
async fn the_order_of_token_and_companion_does_not_matter() {
    let user = User::sign_up(shared(), "Ada").await;
    let (access, refresh) = (user.browser.token("access-key"), user.browser.token("refresh-key"));
    let access_cookies = [format!("access-key={access}; access-key=1"), format!("access-key=1; access-key={access}")];
    let refresh_cookies =
        [format!("refresh-key={refresh}; refresh-key=1"), format!("refresh-key=1; refresh-key={refresh}")];

    for cookies in access_cookies {
        let header = cookies.as_str();
        Browser::sending(shared(), header).get("/api/userDetails").await.expect(200);
        Handshake::naming(shared(), &user).header("cookie", header).open().await;
    }
    for cookies in refresh_cookies {
        Browser::sending(shared(), &cookies).get("/api/refresh").await.expect(200);
    }
}

#[tokio::test]
async fn the_access_token_of_an_ended_session_does_not_hide_another() {
    let user = User::sign_up(shared(), "Ada").await;
    let ended = user.other_device(shared()).await;
    let (living, over) = (user.browser.token("access-key"), ended.token("access-key"));
    ended.post_empty("/api/logout").await.expect(200);

    for [one, other] in [[&living, &over], [&over, &living]] {
        let cookies = format!("access-key={one}; access-key={other}");

        Handshake::naming(shared(), &user).header("cookie", &cookies).open().await;
        let details = json!({ "fullName": "Ada", "email": user.email });
        Browser::sending(shared(), &cookies).post("/api/uploadDetails", details).await.expect(200);
    }
}

#[tokio::test]
async fn cookies_of_the_host_alone_are_cleared_beside_those_of_the_domain() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().set("COOKIE_DOMAIN", "example.com").start();

    let reply = Browser::new(&stack).post_empty("/api/logout").await;

    let places: Vec<_> = reply.set_cookies().iter().map(|c| (c.place(), c.attribute("Domain").is_some())).collect();
    let expected: Vec<_> = ["access-key /", "access-key /api", "refresh-key /", "refresh-key /api", "signup-key /api"]
        .into_iter()
        .flat_map(|place| [(place.to_owned(), false), (place.to_owned(), true)])
        .collect();
    assert_eq!(places, expected);
}

#[tokio::test]
async fn a_companion_cookie_is_not_a_token() {
    let browser = Browser::sending(shared(), "access-key=1; refresh-key=1; signup-key=1");
    for (method, path) in [
        (Method::GET, "/api/userDetails"),
        (Method::GET, "/api/refresh"),
        (Method::POST, "/api/logout"),
        (Method::POST, "/api/uploadDetails"),
        (Method::POST, "/api/socketTicket"),
    ] {
        let body = json!({ "fullName": "Eve", "email": new_email() });

        let reply = browser.request(method, path, |request| request.json(&body)).await;

        reply.expect_error(401);
    }
}

#[tokio::test]
async fn a_token_of_one_kind_does_not_pass_for_another() {
    let user = User::sign_up(shared(), "Ada").await;
    let (access, refresh) = (user.browser.token("access-key"), user.browser.token("refresh-key"));
    let signup = prove_address(shared(), &new_email()).await.token("signup-key");
    let ticket = user.browser.post_empty("/api/socketTicket").await.expect(200)["ticket"].clone();

    for wrong in [refresh.as_str(), &signup, ticket.as_str().unwrap()] {
        let browser = Browser::sending(shared(), &format!("access-key={wrong}"));
        browser.get("/api/userDetails").await.expect_error(401);
    }
    for wrong in [access.as_str(), &signup, ticket.as_str().unwrap()] {
        let browser = Browser::sending(shared(), &format!("refresh-key={wrong}"));
        browser.get("/api/refresh").await.expect_error(401);
    }
}

#[tokio::test]
async fn a_token_without_a_valid_signature_is_refused() {
    let access = User::sign_up(shared(), "Ada").await.browser.token("access-key");
    let (signed, _) = access.rsplit_once('.').unwrap();
    let claims = signed.split_once('.').unwrap().1;
    // {"alg":"none","typ":"JWT"}
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");

    for forged in [unsigned, format!("{signed}."), format!("{signed}.{}", "A".repeat(43))] {
        let browser = Browser::sending(shared(), &format!("access-key={forged}"));
        browser.get("/api/userDetails").await.expect_error(401);
    }
}
