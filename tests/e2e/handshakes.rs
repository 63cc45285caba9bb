//! Handshakes: `socketTicket` and `$connect`.

use futures_util::future::join_all;
use mongodb::bson::{Document, doc};
use serde_json::json;
use test_support::{
    ALLOWED_ORIGIN, Browser, Handshake, Socket, User, claims, eventually, object_id, shared, unknown_id,
};

async fn ticket(user: &User) -> String {
    user.browser.post_empty("/api/socketTicket").await.expect(200)["ticket"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_ticket_comes_with_a_url_and_expires_after_thirty_seconds() {
    let user = User::sign_up(shared(), "Ada").await;

    let body = user.browser.post_empty("/api/socketTicket").await.expect(200);

    let ticket = body["ticket"].as_str().unwrap();
    assert_eq!(body, json!({ "status": true, "ticket": ticket, "url": shared().websocket, "expiresIn": 30 }));
    let claims = claims(ticket);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 30);
}

#[tokio::test]
async fn a_ticket_requires_a_signed_in_user() {
    Browser::new(shared()).post_empty("/api/socketTicket").await.expect_code(401, "noAccessKey");
}

#[tokio::test]
async fn a_ticket_opens_only_one_socket() {
    let user = User::sign_up(shared(), "Ada").await;
    let ticket = ticket(&user).await;
    let handshake = || Handshake::naming(shared(), &user).query("ticket", &ticket);

    let attempts = join_all((0..4).map(|_| handshake().attempt())).await;

    let mut statuses: Vec<_> = attempts.into_iter().map(|attempt| attempt.err()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [None, Some(401), Some(401), Some(401)]);
    assert_eq!(handshake().refusal().await, 401);
}

#[tokio::test]
async fn the_access_key_cookie_opens_sockets() {
    let user = User::sign_up(shared(), "Ada").await;
    let cookies = user.browser.cookies();
    for _ in 0..2 {
        let handshake = Handshake::naming(shared(), &user).header("cookie", &cookies);

        handshake.open().await;
    }
}

#[tokio::test]
async fn a_socket_requires_valid_credentials() {
    let user = User::sign_up(shared(), "Ada").await;
    let access = user.browser.token("access-key");
    let refresh_only = format!("refresh-key={}; access-key=1", user.browser.token("refresh-key"));

    let handshake = || Handshake::naming(shared(), &user);
    assert_eq!(handshake().refusal().await, 401);
    assert_eq!(handshake().header("cookie", &refresh_only).refusal().await, 401);
    for wrong in ["x", &access, "a.b.c"] {
        assert_eq!(handshake().query("ticket", wrong).refusal().await, 401, "with the ticket {wrong:?}");
    }
}

#[tokio::test]
async fn an_ended_session_cannot_open_a_socket() {
    let user = User::sign_up(shared(), "Ada").await;
    let (cookies, ticket) = (user.browser.cookies(), ticket(&user).await);
    user.browser.post_empty("/api/logout").await.expect(200);

    let with_cookies = Handshake::naming(shared(), &user).header("cookie", &cookies).refusal().await;
    let with_ticket = Handshake::naming(shared(), &user).query("ticket", &ticket).refusal().await;

    assert_eq!((with_cookies, with_ticket), (401, 401));
    assert_eq!(records_of(&user).await, 0);
}

#[tokio::test]
async fn a_socket_of_another_user_is_refused() {
    let (ada, bob) = (User::sign_up(shared(), "Ada").await, User::sign_up(shared(), "Bob").await);
    for id in [bob.id, unknown_id()] {
        let handshake = || Handshake::new(shared()).query("userId", &id).query("name", "Ada");

        let with_cookies = handshake().header("cookie", &ada.browser.cookies()).refusal().await;
        let with_ticket = handshake().query("ticket", &ticket(&ada).await).refusal().await;

        assert_eq!((with_cookies, with_ticket), (403, 403));
    }
}

#[tokio::test]
async fn a_user_id_and_a_name_are_required() {
    let user = User::sign_up(shared(), "Ada").await;
    let cookies = user.browser.cookies();
    let long = "x".repeat(101);
    for parameters in [
        [].as_slice(),
        &[("userId", user.id.as_str())],
        &[("name", "Ada")],
        &[("userId", user.id.as_str()), ("name", "")],
        &[("userId", user.id.as_str()), ("name", &long)],
        &[("userId", "x"), ("name", "Ada")],
    ] {
        let handshake = Handshake::new(shared()).header("cookie", &cookies);

        let handshake = parameters.iter().fold(handshake, |handshake, (name, value)| handshake.query(name, value));

        assert_eq!(handshake.refusal().await, 400, "with {parameters:?}");
    }
}

#[tokio::test]
async fn only_pages_of_an_allowed_origin_may_open_sockets() {
    let user = User::sign_up(shared(), "Ada").await;
    let cookies = user.browser.cookies();
    let from = |origin| Handshake::naming(shared(), &user).header("cookie", &cookies).header("origin", origin);

    from(ALLOWED_ORIGIN).open().await;

    for origin in ["https://evil.example.com", "http://chat.example.com", "https://chat.example.com.evil.com", "null"] {
        assert_eq!(from(origin).refusal().await, 403, "from {origin}");
    }
}

#[tokio::test]
async fn the_record_of_a_closed_socket_is_removed() {
    let user = User::sign_up(shared(), "Ada").await;
    let socket = Socket::open(shared(), &user).await;
    assert_eq!(records_of(&user).await, 1);

    socket.close().await;

    eventually("the record is gone", async || records_of(&user).await == 0).await;
}

async fn records_of(user: &User) -> u64 {
    let records = shared().database().await.collection::<Document>("connections");
    records.count_documents(doc! { "userId": object_id(&user.id) }).await.unwrap()
}
