//! Settings that change how the functions behave.

use serde_json::json;
use test_support::{Browser, Setup, User, eventually, skip_on_deployed_stack};

#[tokio::test]
async fn a_private_directory_requires_a_signed_in_user() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().set("PUBLIC_DIRECTORY", false).start();
    let user = User::sign_up(&stack, "Ada").await;

    let stranger = Browser::new(&stack).get("/api/users").await;
    let member = user.browser.get("/api/users").await;

    stranger.expect_error(401);
    assert_eq!(member.expect(200)["data"], json!([user.public_profile()]));
}

#[tokio::test]
async fn cross_site_cookies_are_secure_and_partitioned() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().set("COOKIE_SAME_SITE", "None").set("COOKIE_SECURE", true).start();
    let user = User::sign_up(&stack, "Ada").await;

    let set = user.browser.get("/api/refresh").await;
    let cleared = user.browser.post_empty("/api/logout").await;

    for reply in [set, cleared] {
        assert_eq!(reply.set_cookies().len(), 5);
        for cookie in reply.set_cookies() {
            assert_eq!(cookie.attribute("SameSite"), Some("None"), "{}", cookie.place());
            assert!(cookie.is("Secure") && cookie.is("Partitioned"), "{}", cookie.place());
        }
    }
}

#[tokio::test]
async fn an_expired_access_token_is_refused_and_refreshed() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().set("ACCESS_TOKEN_TTL", 4).start();
    let user = User::sign_up(&stack, "Ada").await;

    eventually("the token expires", async || user.browser.get("/api/userDetails").await.status == 401).await;
    let reply = user.browser.get("/api/refresh").await;

    assert_eq!(reply.set_cookie("access-key /api").attribute("Max-Age"), Some("4"));
    user.browser.get("/api/userDetails").await.expect(200);
}

#[tokio::test]
async fn a_malformed_setting_is_answered_with_503_and_logged() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().set("PUBLIC_DIRECTORY", "perhaps").start();

    for _ in 0..2 {
        let reply = Browser::new(&stack).get("/api/users").await;

        reply.expect_code(503, "unavailable");
        assert_eq!(reply.header("retry-after"), "5");
    }
    eventually("the log names the variable", async || stack.output.mentions("PUBLIC_DIRECTORY")).await;
    assert!(!stack.output.mentions("perhaps"), "{}", stack.output);
}

#[tokio::test]
async fn the_stack_replaces_secrets_that_are_too_short() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().set("SECRET_KEY", "short").set("SECRET_KEY_ACCESS", "short").start();

    let user = User::sign_up(&stack, "Ada").await;

    user.browser.get("/api/refresh").await.expect(200);
}
