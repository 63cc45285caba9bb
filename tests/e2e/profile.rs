//! Profiles: `uploadDetails` without a photo, and `userDetails`.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::Form;
use serde_json::{Value, json};
use test_support::{Browser, Reply, User, new_email, prove_address, send_code, shared};

async fn upload(browser: &Browser, name: &str, email: &str) -> Reply {
    browser.post("/api/uploadDetails", json!({ "fullName": name, "email": email })).await
}

async fn upload_form(browser: &Browser, form: Form) -> Reply {
    browser.request(Method::POST, "/api/uploadDetails", |request| request.multipart(form)).await
}

async fn details(browser: &Browser) -> Value {
    browser.get("/api/userDetails").await.expect(200)["userdata"].clone()
}

#[tokio::test]
async fn a_profile_can_be_completed_with_json() {
    let email = new_email();
    let browser = prove_address(shared(), &email).await;

    let reply = upload(&browser, "Ada Lovelace", &email).await;

    assert_eq!(reply.expect(200), json!({ "status": true, "message": "Successfully updated Data" }));
    let user = details(&browser).await;
    let expected = json!({
        "_id": user["_id"], "email": email, "fullName": "Ada Lovelace", "photoUrl": null, "isProfileComplete": true,
    });
    assert_eq!(user, expected);
    let id = user["_id"].as_str().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id} is not an id");
}

#[tokio::test]
async fn a_profile_can_be_completed_with_a_form() {
    let email = new_email();
    let browser = prove_address(shared(), &email).await;
    let form = Form::new().text("email", email.clone()).text("fullName", "Ada Lovelace");

    let reply = upload_form(&browser, form).await;

    assert_eq!(reply.expect(200), json!({ "status": true, "message": "Successfully updated Data" }));
    assert_eq!(details(&browser).await["fullName"], "Ada Lovelace");
}

#[tokio::test]
async fn the_address_of_a_profile_is_trimmed_and_lower_cased() {
    let email = new_email();
    let browser = prove_address(shared(), &email).await;

    let reply = upload(&browser, "Ada", &format!(" {}", email.to_uppercase())).await;

    reply.expect(200);
    assert_eq!(details(&browser).await["email"], email);
}

#[tokio::test]
async fn a_signed_in_user_can_change_the_profile() {
    let user = User::sign_up(shared(), "Ada").await;

    let reply = upload(&user.browser, "Ada King", &user.email).await;

    reply.expect(200);
    assert_eq!(details(&user.browser).await["fullName"], "Ada King");
    user.browser.get("/api/refresh").await.expect(200);
}

#[tokio::test]
async fn an_access_key_prevails_over_a_signup_key_of_another_address() {
    let (user, other) = (User::sign_up(shared(), "Ada").await, new_email());
    let otp = send_code(shared(), &other).await;
    user.browser.post("/api/verifyOtp", json!({ "email": other, "otp": otp })).await.expect(200);

    let reply = upload(&user.browser, "Ada King", &user.email).await;

    reply.expect(200);
    assert_eq!(details(&user.browser).await["fullName"], "Ada King");
}

#[tokio::test]
async fn changing_a_profile_requires_credentials() {
    let user = User::sign_up(shared(), "Ada").await;

    let reply = upload(&Browser::new(shared()), "Eve", &user.email).await;

    reply.expect_code(401, "noAccessKey");
    assert_eq!(details(&user.browser).await["fullName"], "Ada");
}

#[tokio::test]
async fn an_ended_session_cannot_change_a_profile() {
    let user = User::sign_up(shared(), "Ada").await;
    let other_device = user.other_device(shared()).await;
    let copied = Browser::sending(shared(), &user.browser.cookies());
    user.browser.post_empty("/api/logout").await.expect(200);

    let reply = upload(&copied, "Eve", &user.email).await;

    reply.expect_code(401, "sessionOver");
    assert_eq!(details(&other_device).await["fullName"], "Ada");
}

#[tokio::test]
async fn a_verified_address_gives_no_access_to_another_profile() {
    let victim = User::sign_up(shared(), "Ada").await;
    let browser = prove_address(shared(), &new_email()).await;

    let reply = upload(&browser, "Eve", &victim.email).await;

    reply.expect_code(403, "notYourEmail");
    assert_eq!(details(&victim.browser).await["fullName"], "Ada");
}

#[tokio::test]
async fn a_signed_in_user_cannot_change_the_profile_of_another() {
    let (victim, eve) = (User::sign_up(shared(), "Ada").await, User::sign_up(shared(), "Eve").await);

    let reply = upload(&eve.browser, "Eve", &victim.email).await;

    reply.expect_code(403, "notYourEmail");
    assert_eq!(details(&victim.browser).await["fullName"], "Ada");
}

#[tokio::test]
async fn a_name_has_1_to_100_characters() {
    let user = User::sign_up(shared(), "Ada").await;
    for name in ["A".to_owned(), "é".repeat(100), "😀".repeat(100)] {
        upload(&user.browser, &name, &user.email).await.expect(200);
        assert_eq!(details(&user.browser).await["fullName"], name);
    }
    for name in [String::new(), "A".repeat(101), "😀".repeat(101)] {
        upload(&user.browser, &name, &user.email).await.expect_error(422);
    }
}

#[tokio::test]
async fn a_name_and_an_address_are_required() {
    let user = User::sign_up(shared(), "Ada").await;

    let nameless = user.browser.post("/api/uploadDetails", json!({ "email": user.email })).await;
    let addressless = upload_form(&user.browser, Form::new().text("fullName", "Ada")).await;

    assert_eq!(nameless.expect_error(422).message, "\"fullName\" is required");
    assert_eq!(addressless.expect_error(422).message, "\"email\" is required");
}

#[tokio::test]
async fn a_profile_of_another_media_type_is_refused() {
    let user = User::sign_up(shared(), "Ada").await;
    let send = |request: reqwest::RequestBuilder| {
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body("fullName=Ada")
    };

    let reply = user.browser.request(Method::POST, "/api/uploadDetails", send).await;

    reply.expect_error(415);
}

#[tokio::test]
async fn a_broken_form_is_refused() {
    let user = User::sign_up(shared(), "Ada").await;
    for body in ["", "--x", "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nada", "not a form"] {
        let send = |request: reqwest::RequestBuilder| {
            request.header(CONTENT_TYPE, "multipart/form-data; boundary=x").body(body)
        };

        let reply = user.browser.request(Method::POST, "/api/uploadDetails", send).await;

        reply.expect_error(422);
    }
}

#[tokio::test]
async fn details_require_a_signed_in_user() {
    let reply = Browser::new(shared()).get("/api/userDetails").await;

    reply.expect_code(401, "noAccessKey");
}

#[tokio::test]
async fn a_verified_address_without_a_profile_is_not_signed_in() {
    let browser = prove_address(shared(), &new_email()).await;

    let reply = browser.get("/api/userDetails").await;

    reply.expect_error(401);
}
