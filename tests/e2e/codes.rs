//! One-time codes: `sendOtp`, `verifyOtp`, `deleteOtp`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use mongodb::bson::{Document, doc};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use test_support::{
    Browser, Reply, Setup, User, new_email, object_id, prove_address, send_code, shared, skip_on_deployed_stack, unique,
};

async fn verify(email: &str, otp: &str) -> Reply {
    Browser::new(shared()).post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await
}

/// Returns a code other than `otp`.
fn wrong(otp: &str) -> &'static str {
    if otp == "123456" { "654321" } else { "123456" }
}

#[tokio::test]
async fn a_code_is_mailed_to_the_address() {
    let email = new_email();

    let reply = Browser::new(shared()).post("/api/sendOtp", json!({ "email": email })).await;

    let message = format!("Successfully send otp to {email}");
    assert_eq!(reply.expect(200), json!({ "status": true, "message": message }));
    let mails = shared().mails_to(&email).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"], email);
    assert!(mails[0]["text"].as_str().unwrap().contains(&shared().mailed_code(&email).await));
}

#[tokio::test]
async fn an_address_is_trimmed_and_lower_cased() {
    let email = new_email();
    let shouted = format!("  {} ", email.to_uppercase());

    let reply = Browser::new(shared()).post("/api/sendOtp", json!({ "email": shouted })).await;

    assert_eq!(reply.expect(200)["message"], format!("Successfully send otp to {email}"));
    verify(&shouted, &shared().mailed_code(&email).await).await.expect(200);
}

#[tokio::test]
async fn addresses_of_any_provider_are_accepted() {
    for domain in ["mail.example.co.uk", "xn--exmple-cua.de"] {
        let email = format!("{}+chat@{domain}", unique("o'hara-"));

        let reply = Browser::new(shared()).post("/api/sendOtp", json!({ "email": email })).await;

        reply.expect(200);
        verify(&email, &shared().mailed_code(&email).await).await.expect(200);
    }
}

#[tokio::test]
async fn a_valid_address_is_required() {
    let browser = Browser::new(shared());
    let endpoints =
        [(Method::POST, "/api/sendOtp"), (Method::POST, "/api/verifyOtp"), (Method::DELETE, "/api/deleteOtp")];
    for (method, path) in endpoints {
        let send = |body: Value| browser.request(method.clone(), path, move |request| request.json(&body));

        let missing = send(json!({ "otp": "123456" })).await.expect_error(422);

        assert_eq!(missing.message, "\"email\" is required", "{path}");
        for email in ["", "ada", "ada@", "@example.com", "ada@example.com\r\nBcc: eve@example.com"] {
            send(json!({ "email": email, "otp": "123456" })).await.expect_error(422);
        }
    }
}

#[tokio::test]
async fn a_body_must_be_sent_as_json() {
    let body = json!({ "email": new_email(), "otp": "123456" }).to_string();
    for media_type in ["text/plain", "application/x-www-form-urlencoded"] {
        for path in ["/api/sendOtp", "/api/verifyOtp"] {
            let send = |request: reqwest::RequestBuilder| request.header(CONTENT_TYPE, media_type).body(body.clone());

            let reply = Browser::new(shared()).request(Method::POST, path, send).await;

            reply.expect_code(415, "notJson");
        }
    }
}

#[tokio::test]
async fn a_fourth_code_in_quick_succession_is_refused() {
    let (email, browser) = (new_email(), Browser::new(shared()));
    for _ in 0..3 {
        browser.post("/api/sendOtp", json!({ "email": email })).await.expect(200);
    }

    let fourth = browser.post("/api/sendOtp", json!({ "email": email })).await;

    fourth.expect_code(429, "tooManyRequests");
    let wait: u64 = fourth.header("retry-after").parse().unwrap();
    assert!((1..=31).contains(&wait), "Retry-After: {wait}");
    assert_eq!(shared().mails_to(&email).await.len(), 3);
}

#[tokio::test]
async fn codes_of_other_addresses_do_not_count() {
    let (email, browser) = (new_email(), Browser::new(shared()));
    for _ in 0..3 {
        browser.post("/api/sendOtp", json!({ "email": email })).await.expect(200);
    }

    let other = browser.post("/api/sendOtp", json!({ "email": new_email() })).await;

    other.expect(200);
}

#[tokio::test]
async fn a_new_user_must_complete_the_profile() {
    let email = new_email();
    let otp = send_code(shared(), &email).await;

    let reply = verify(&email, &otp).await;

    assert_eq!(reply.expect(200), json!({ "status": true, "isComplete": false, "message": "Otp verified" }));
    let places: Vec<_> = reply.set_cookies().iter().map(|cookie| cookie.place()).collect();
    assert_eq!(places, ["signup-key /api"]);
}

#[tokio::test]
async fn a_user_with_a_profile_is_signed_in_at_once() {
    let user = User::sign_up(shared(), "Ada").await;
    let otp = send_code(shared(), &user.email).await;
    let browser = Browser::new(shared());

    let reply = browser.post("/api/verifyOtp", json!({ "email": user.email, "otp": otp })).await;

    assert_eq!(reply.expect(200), json!({ "status": true, "isComplete": true, "message": "Otp verified" }));
    assert_eq!(browser.get("/api/userDetails").await.expect(200)["userdata"]["_id"], user.id);
}

#[tokio::test]
async fn an_address_without_a_code_cannot_be_verified() {
    verify(&new_email(), "123456").await.expect_code(404, "noSuchCode");
}

#[tokio::test]
async fn a_code_of_six_digits_is_required() {
    let (browser, email) = (Browser::new(shared()), new_email());

    let missing = browser.post("/api/verifyOtp", json!({ "email": email })).await.expect_error(422);

    assert_eq!(missing.message, "\"otp\" is required");
    for otp in ["", "12345", "1234567", "12345a", "１２３４５６"] {
        verify(&email, otp).await.expect_error(422);
    }
}

#[tokio::test]
async fn a_wrong_code_is_refused_and_the_right_one_still_works() {
    let email = new_email();
    let otp = send_code(shared(), &email).await;

    let refused = verify(&email, wrong(&otp)).await;

    refused.expect_code(401, "wrongCode");
    assert!(refused.set_cookies().is_empty());
    verify(&email, &otp).await.expect(200);
}

#[tokio::test]
async fn a_code_works_only_once() {
    let email = new_email();
    let otp = send_code(shared(), &email).await;
    verify(&email, &otp).await.expect(200);

    let again = verify(&email, &otp).await;

    again.expect_code(401, "wrongCode");
}

#[tokio::test]
async fn the_browser_that_requested_a_code_can_repeat_a_sign_in() {
    let (user, browser) = (User::sign_up(shared(), "Ada").await, Browser::new(shared()));
    browser.post("/api/sendOtp", json!({ "email": user.email })).await.expect(200);
    let sign_in = json!({ "email": user.email, "otp": shared().mailed_code(&user.email).await });
    let requested = browser.cookies();
    browser.post("/api/verifyOtp", sign_in.clone()).await.expect(200);
    let first = browser.token("refresh-key");

    // The answer was lost.
    let repeat = Browser::sending(shared(), &requested).post("/api/verifyOtp", sign_in.clone()).await;

    repeat.expect(200);
    assert_eq!(session_in(&repeat.set_cookie("refresh-key /api").value), session_in(&first));
    let forged = Browser::sending(shared(), &requested.replace("otp-key=", "otp-key=0"));
    forged.post("/api/verifyOtp", sign_in.clone()).await.expect_code(401, "wrongCode");
    browser.post_empty("/api/logout").await.expect(200);
    let ended = Browser::sending(shared(), &requested).post("/api/verifyOtp", sign_in).await;
    ended.expect_code(401, "wrongCode");
}

#[tokio::test]
async fn the_browser_that_requested_a_code_can_repeat_a_sign_up() {
    let (email, browser) = (new_email(), Browser::new(shared()));
    browser.post("/api/sendOtp", json!({ "email": email })).await.expect(200);
    let sign_up = json!({ "email": email, "otp": shared().mailed_code(&email).await });
    browser.post("/api/verifyOtp", sign_up.clone()).await.expect(200);

    let repeat = browser.post("/api/verifyOtp", sign_up.clone()).await;

    assert_eq!(repeat.expect(200)["isComplete"], false);
    browser.post("/api/uploadDetails", json!({ "email": email, "fullName": "Ada" })).await.expect(200);
    browser.post("/api/verifyOtp", sign_up).await.expect_code(401, "wrongCode");
}

/// Returns the id of the session in a refresh token.
fn session_in(token: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["session"].clone()
}

#[tokio::test]
async fn a_code_signs_in_only_one_of_many_browsers() {
    let email = new_email();
    let otp = send_code(shared(), &email).await;

    let replies = join_all((0..4).map(|_| verify(&email, &otp))).await;

    let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401, 401, 401]);
}

#[tokio::test]
async fn a_code_starts_only_one_of_many_sessions() {
    let user = User::sign_up(shared(), "Ada").await;
    let otp = send_code(shared(), &user.email).await;

    let replies = join_all((0..4).map(|_| verify(&user.email, &otp))).await;

    let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401, 401, 401]);
    let sessions = shared().database().await.collection::<Document>("sessions");
    let started = sessions.count_documents(doc! { "userId": object_id(&user.id) }).await.unwrap();
    assert_eq!(started, 2, "with that of the sign-up");
}

#[tokio::test]
async fn a_code_is_not_spent_by_a_sign_in_that_fails() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let (user, browser) = (User::sign_up(&stack, "Ada").await, Browser::new(&stack));
    let sign_in = json!({ "email": user.email, "otp": send_code(&stack, &user.email).await });
    let database = stack.database().await;
    let refuse = doc! { "collMod": "sessions", "validator": { "generation": 0_i64 } };
    database.run_command(refuse).await.unwrap();
    browser.post("/api/verifyOtp", sign_in.clone()).await.expect_error(500);
    database.run_command(doc! { "collMod": "sessions", "validator": {} }).await.unwrap();

    let repeated = browser.post("/api/verifyOtp", sign_in.clone()).await;

    repeated.expect(200);
    browser.get("/api/userDetails").await.expect(200);
    browser.post("/api/verifyOtp", sign_in).await.expect_code(401, "wrongCode");
}

#[tokio::test]
async fn a_code_of_another_address_is_refused() {
    let (mine, theirs) = (new_email(), new_email());
    let otp = send_code(shared(), &mine).await;
    let other = send_code(shared(), &theirs).await;
    assert_ne!(otp, other, "this happens once in a million runs");

    let reply = verify(&theirs, &otp).await;

    reply.expect_code(401, "wrongCode");
}

#[tokio::test]
async fn a_new_code_replaces_the_previous_one() {
    let email = new_email();
    let (old, new) = (send_code(shared(), &email).await, send_code(shared(), &email).await);
    assert_ne!(old, new, "this happens once in a million runs");

    let reply = verify(&email, &old).await;

    reply.expect_code(401, "wrongCode");
    verify(&email, &new).await.expect(200);
}

#[tokio::test]
async fn a_code_is_valid_for_three_minutes() {
    for (passed, status) in [(170, 200), (180, 401)] {
        let email = new_email();
        let otp = send_code(shared(), &email).await;
        let earlier = doc! { "$subtract": ["$code.expiresAt", passed * 1000] };
        let codes = shared().database().await.collection::<Document>("otps");
        codes.update_one(doc! { "_id": &email }, vec![doc! { "$set": { "code.expiresAt": earlier } }]).await.unwrap();

        let reply = verify(&email, &otp).await;

        assert_eq!(reply.status, status, "after {passed} seconds");
    }
}

#[tokio::test]
async fn after_five_wrong_attempts_the_right_code_is_refused() {
    let email = new_email();
    let otp = send_code(shared(), &email).await;
    for _ in 0..5 {
        verify(&email, wrong(&otp)).await.expect_code(401, "wrongCode");
    }

    let right = verify(&email, &otp).await;

    right.expect_code(401, "wrongCode");
}

#[tokio::test]
async fn after_four_wrong_attempts_the_right_code_still_works() {
    let email = new_email();
    let otp = send_code(shared(), &email).await;
    for _ in 0..4 {
        verify(&email, wrong(&otp)).await.expect_error(401);
    }

    let right = verify(&email, &otp).await;

    right.expect(200);
}

#[tokio::test]
async fn signing_in_resets_the_count_of_codes() {
    let email = new_email();
    for _ in 0..4 {
        prove_address(shared(), &email).await;
    }

    let fifth = Browser::new(shared()).post("/api/sendOtp", json!({ "email": email })).await;

    fifth.expect(200);
}

#[tokio::test]
async fn a_deleted_code_no_longer_exists() {
    let (email, browser) = (new_email(), Browser::new(shared()));
    let otp = send_code(shared(), &email).await;

    let reply = browser.delete("/api/deleteOtp", json!({ "email": email })).await;

    assert_eq!(reply.expect(200), json!({ "status": true, "message": "Otp deleted" }));
    verify(&email, &otp).await.expect_code(404, "noSuchCode");
}

#[tokio::test]
async fn deleting_a_code_that_does_not_exist_succeeds() {
    let browser = Browser::new(shared());

    let reply = browser.delete("/api/deleteOtp", json!({ "email": new_email() })).await;

    assert_eq!(reply.expect(200), json!({ "status": true, "message": "Otp deleted" }));
}

#[tokio::test]
async fn deleting_codes_does_not_reset_their_count() {
    let (email, browser) = (new_email(), Browser::new(shared()));
    for _ in 0..3 {
        browser.post("/api/sendOtp", json!({ "email": email })).await.expect(200);
        browser.delete("/api/deleteOtp", json!({ "email": email })).await.expect(200);
    }

    let fourth = browser.post("/api/sendOtp", json!({ "email": email })).await;

    fourth.expect_code(429, "tooManyRequests");
}
