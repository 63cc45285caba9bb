//! Sessions: `refresh` and `logout`.

use std::time::Duration;

use futures_util::future::join_all;
use mongodb::bson::{DateTime, Document, doc};
use serde_json::json;
use test_support::{Browser, Socket, User, object_id, shared};

/// Moves the last refresh of the user's sessions back in time.
async fn let_time_pass(user: &User, time: Duration) {
    let earlier = DateTime::from_millis(DateTime::now().timestamp_millis() - i64::try_from(time.as_millis()).unwrap());
    let sessions = shared().database().await.collection::<Document>("sessions");
    let aged = doc! { "$set": { "rotatedAt": earlier } };
    let updated = sessions.update_many(doc! { "userId": object_id(&user.id) }, aged).await.unwrap();
    assert!(updated.matched_count > 0, "the user has no session");
}

#[tokio::test]
async fn refreshing_exchanges_the_refresh_token() {
    let user = User::sign_up(shared(), "Ada").await;
    let before = user.browser.token("refresh-key");

    let reply = user.browser.get("/api/refresh").await;

    assert_eq!(reply.expect(200), json!({ "status": true, "message": "Successfully updated tokens" }));
    assert_ne!(user.browser.token("refresh-key"), before);
    user.browser.get("/api/userDetails").await.expect(200);
    user.browser.get("/api/refresh").await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_is_sufficient_for_a_new_access_token() {
    let user = User::sign_up(shared(), "Ada").await;
    let browser = Browser::sending(shared(), &format!("refresh-key={}", user.browser.token("refresh-key")));
    browser.get("/api/userDetails").await.expect_error(401);

    let reply = browser.get("/api/refresh").await;

    let access = format!("access-key={}", reply.set_cookie("access-key /api").value);
    Browser::sending(shared(), &access).get("/api/userDetails").await.expect(200);
}

#[tokio::test]
async fn a_browser_may_refresh_from_many_tabs_at_once() {
    let user = User::sign_up(shared(), "Ada").await;
    let tab = Browser::sending(shared(), &user.browser.cookies());

    let replies = join_all((0..20).map(|_| tab.get("/api/refresh"))).await;

    let tokens: Vec<_> = replies
        .iter()
        .map(|reply| {
            reply.expect(200);
            reply.set_cookie("refresh-key /api").value
        })
        .collect();
    for token in tokens {
        Browser::sending(shared(), &format!("refresh-key={token}")).get("/api/refresh").await.expect(200);
    }
}

#[tokio::test]
async fn the_previous_token_is_accepted_for_thirty_seconds() {
    let user = User::sign_up(shared(), "Ada").await;
    let late_tab = Browser::sending(shared(), &user.browser.cookies());
    user.browser.get("/api/refresh").await.expect(200);
    let_time_pass(&user, Duration::from_secs(20)).await;

    let reply = late_tab.get("/api/refresh").await;

    reply.expect(200);
    user.browser.get("/api/refresh").await.expect(200);
}

#[tokio::test]
async fn the_previous_token_ends_the_session_after_thirty_seconds() {
    let user = User::sign_up(shared(), "Ada").await;
    let thief = Browser::sending(shared(), &user.browser.cookies());
    user.browser.get("/api/refresh").await.expect(200);
    let_time_pass(&user, Duration::from_secs(30)).await;

    let reply = thief.get("/api/refresh").await;

    reply.expect_error(401);
    user.browser.get("/api/refresh").await.expect_error(401);
}

#[tokio::test]
async fn an_older_token_ends_the_session_and_closes_its_sockets() {
    let user = User::sign_up(shared(), "Ada").await;
    let other_device = user.other_device(shared()).await;
    let mut socket = Socket::open(shared(), &user).await;
    let mut other_socket = Socket::open_from(shared(), &user, &other_device).await;
    let thief = Browser::sending(shared(), &user.browser.cookies());
    user.browser.get("/api/refresh").await.expect(200);
    user.browser.get("/api/refresh").await.expect(200);

    let reply = thief.get("/api/refresh").await;

    reply.expect_error(401);
    reply.expect_cleared_cookies();
    socket.expect_close().await;
    user.browser.get("/api/refresh").await.expect_error(401);
    other_socket.expect_silence().await;
    other_device.get("/api/refresh").await.expect(200);
}

#[tokio::test]
async fn a_refused_refresh_clears_all_cookies() {
    let user = User::sign_up(shared(), "Ada").await;
    let access = user.browser.token("access-key");
    for cookies in ["unrelated=1".to_owned(), "refresh-key=1".to_owned(), format!("refresh-key={access}")] {
        let reply = Browser::sending(shared(), &cookies).get("/api/refresh").await;

        reply.expect_code(401, "noRefreshKey");
        reply.expect_cleared_cookies();
    }
}

#[tokio::test]
async fn an_expired_session_is_refused() {
    let user = User::sign_up(shared(), "Ada").await;
    let sessions = shared().database().await.collection::<Document>("sessions");
    let expired = doc! { "$set": { "expiresAt": DateTime::now() } };
    sessions.update_one(doc! { "userId": object_id(&user.id) }, expired).await.unwrap();

    let reply = user.browser.get("/api/refresh").await;

    reply.expect_code(401, "sessionOver");
    assert_eq!(user.browser.cookies(), "");
}

#[tokio::test]
async fn logout_removes_all_cookies() {
    let user = User::sign_up(shared(), "Ada").await;

    let reply = user.browser.post_empty("/api/logout").await;

    assert_eq!(reply.expect(200), json!({ "status": true, "message": "Successfully deleted" }));
    reply.expect_cleared_cookies();
    assert_eq!(user.browser.cookies(), "");
    user.browser.get("/api/userDetails").await.expect_error(401);
}

#[tokio::test]
async fn logout_ends_the_session() {
    let user = User::sign_up(shared(), "Ada").await;
    let copied = Browser::sending(shared(), &user.browser.cookies());
    user.browser.post_empty("/api/logout").await.expect(200);

    let again = copied.post_empty("/api/logout").await;

    again.expect_code(401, "sessionOver");
    again.expect_cleared_cookies();
    copied.get("/api/refresh").await.expect_code(401, "sessionOver");
}

#[tokio::test]
async fn logout_requires_a_session() {
    let reply = Browser::new(shared()).post_empty("/api/logout").await;

    reply.expect_code(401, "noRefreshKey");
    reply.expect_cleared_cookies();
}

#[tokio::test]
async fn logout_ends_only_this_session() {
    let user = User::sign_up(shared(), "Ada").await;
    let other_device = user.other_device(shared()).await;
    let mut sockets = [Socket::open(shared(), &user).await, Socket::open(shared(), &user).await];
    let mut other_socket = Socket::open_from(shared(), &user, &other_device).await;

    user.browser.post_empty("/api/logout").await.expect(200);

    for socket in &mut sockets {
        socket.expect_close().await;
    }
    other_socket.expect_silence().await;
    other_device.get("/api/refresh").await.expect(200);
    other_device.get("/api/userDetails").await.expect(200);
}
