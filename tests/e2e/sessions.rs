//! Sessions: `refresh` and `logout`.

use std::time::Duration;

use futures_util::future::join_all;
use mongodb::bson::{Bson, DateTime, Document, doc};
use rand::SeedableRng;
use rand::rngs::StdRng;
use reqwest::Method;
use serde_json::json;
use shared::accounts::sessions::{Generations, Rotation, Sessions};
use shared::accounts::tokens::RefreshToken;
use shared::values::ids::UserId;
use shared::values::timestamp::Timestamp;
use test_support::{
    Browser, Chat, Setup, Socket, Stack, User, claims, eventually, keep_killing, new_email, object_id, prove_address,
    seed, shared, skip_on_deployed_stack, unique, unknown_id,
};

/// Moves the last refresh of the user's sessions back in time.
async fn let_time_pass(user: &User, time: Duration) {
    let earlier = DateTime::from_millis(DateTime::now().timestamp_millis() - i64::try_from(time.as_millis()).unwrap());
    let sessions = shared().database().await.collection::<Document>("sessions");
    let aged = doc! { "$set": { "rotatedAt": earlier } };
    let updated = sessions.update_many(doc! { "userId": object_id(&user.id) }, aged).await.unwrap();
    assert!(updated.matched_count > 0, "the user has no session");
}

/// Returns the generation of the refresh token in the browser.
fn generation(browser: &Browser) -> i64 {
    claims(&browser.token("refresh-key"))["generation"].as_i64().unwrap()
}

/// Returns another holder of the cookies that the browser has now.
fn copy(browser: &Browser) -> Browser {
    Browser::sending(shared(), &browser.cookies())
}

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn refreshing_exchanges_the_refresh_token() {
    let user = User::sign_up(shared(), "Ada").await;
    let before = generation(&user.browser);
    let_time_pass(&user, HOUR).await;

    let reply = user.browser.get("/api/refresh").await;

    assert_eq!(reply.expect(200), json!({ "status": true, "message": "Successfully updated tokens" }));
    assert_eq!(generation(&user.browser), before + 1);
    user.browser.get("/api/userDetails").await.expect(200);
    user.browser.get("/api/refresh").await.expect(200);
}

#[tokio::test]
async fn refreshes_in_quick_succession_exchange_it_once() {
    let user = User::sign_up(shared(), "Ada").await;
    let_time_pass(&user, HOUR).await;
    let (late_tab, before) = (copy(&user.browser), generation(&user.browser));
    for _ in 0..3 {
        user.browser.get("/api/refresh").await.expect(200);
    }

    late_tab.get("/api/refresh").await.expect(200);

    assert_eq!(generation(&user.browser), before + 1);
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_can_be_repeated_at_any_time() {
    let user = User::sign_up(shared(), "Ada").await;
    for _ in 0..3 {
        let_time_pass(&user, HOUR).await;
        copy(&user.browser).get("/api/refresh").await.expect(200);
    }
    let_time_pass(&user, HOUR).await;

    user.browser.get("/api/refresh").await.expect(200);

    let_time_pass(&user, HOUR).await;
    user.browser.get("/api/refresh").await.expect(200);
}

#[tokio::test]
async fn a_session_that_lost_a_refresh_in_a_failover_goes_on() {
    let user = User::sign_up(shared(), "Ada").await;
    let sessions = shared().database().await.collection::<Document>("sessions");
    let session = doc! { "userId": object_id(&user.id) };
    let before = sessions.find_one(session.clone()).await.unwrap().unwrap();
    let_time_pass(&user, HOUR).await;
    let late_tab = copy(&user.browser);
    user.browser.get("/api/refresh").await.expect(200);
    sessions.replace_one(session, before).await.unwrap();

    user.browser.get("/api/refresh").await.expect(200);

    late_tab.get("/api/refresh").await.expect(200);
    let_time_pass(&user, HOUR).await;
    user.browser.get("/api/refresh").await.expect(200);
    assert_eq!(generation(&user.browser), 3);
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
    let_time_pass(&user, HOUR).await;
    let tab = copy(&user.browser);

    let replies = join_all((0..20).map(|_| tab.get("/api/refresh"))).await;

    for reply in replies {
        reply.expect(200);
        let token = reply.set_cookie("refresh-key /api").value;
        assert_eq!(claims(&token)["generation"], 2);
        Browser::sending(shared(), &format!("refresh-key={token}")).get("/api/refresh").await.expect(200);
    }
}

#[tokio::test]
async fn the_previous_token_is_accepted_for_thirty_seconds() {
    for (passed, status) in [(20, 200), (30, 401)] {
        let user = User::sign_up(shared(), "Ada").await;
        let_time_pass(&user, HOUR).await;
        let late_tab = copy(&user.browser);
        // The first one issues the next token, and the second one uses it.
        user.browser.get("/api/refresh").await.expect(200);
        user.browser.get("/api/refresh").await.expect(200);
        let_time_pass(&user, Duration::from_secs(passed)).await;

        let reply = late_tab.get("/api/refresh").await;

        assert_eq!(reply.status, status, "after {passed} seconds");
        assert_eq!(user.browser.get("/api/refresh").await.status, status);
    }
}

#[tokio::test]
async fn a_copied_token_ends_the_session_at_its_third_alternate_use() {
    let user = User::sign_up(shared(), "Ada").await;
    let_time_pass(&user, HOUR).await;
    let stolen = copy(&user.browser).get("/api/refresh").await;
    let_time_pass(&user, HOUR).await;
    user.browser.get("/api/refresh").await.expect(200);
    let_time_pass(&user, HOUR).await;

    let stolen = format!("refresh-key={}", stolen.set_cookie("refresh-key /api").value);
    let reply = Browser::sending(shared(), &stolen).get("/api/refresh").await;

    reply.expect_code(401, "refreshKeyReused");
    user.browser.get("/api/refresh").await.expect_code(401, "sessionOver");
}

#[tokio::test]
async fn an_older_token_ends_the_session_and_closes_its_sockets() {
    let user = User::sign_up(shared(), "Ada").await;
    let thief = copy(&user.browser);
    for _ in 0..2 {
        let_time_pass(&user, HOUR).await;
        user.browser.get("/api/refresh").await.expect(200);
    }
    let other_device = user.other_device(shared()).await;
    let mut socket = Socket::open(shared(), &user).await;
    let mut other_socket = Socket::open_from(shared(), &user, &other_device).await;

    let reply = thief.get("/api/refresh").await;

    reply.expect_code(401, "refreshKeyReused");
    reply.expect_cleared_session();
    socket.expect_close().await;
    user.browser.get("/api/refresh").await.expect_error(401);
    other_socket.expect_silence().await;
    other_device.get("/api/refresh").await.expect(200);
}

/// Compares the command with the function that the model in `tests/protocol` checks.
#[tokio::test]
async fn the_database_decides_like_the_model() {
    let database = shared().database().await;
    let (sessions, documents) = (Sessions::new(&database), database.collection::<Document>("sessions"));
    let user: UserId = unknown_id().parse().unwrap();
    let started = sessions.start(user, None).await.unwrap();
    let now = Timestamp::now();
    let mut combinations = 0;
    for (previous, used, newest) in (1..=4).flat_map(|a| (a..=4).flat_map(move |b| (b..=4).map(move |c| (a, b, c)))) {
        for age in [0, 29_999, 30_000, 3_600_000] {
            for presented in 0..=newest + 2 {
                let refreshed_at = now - Duration::from_millis(age);
                let before = Generations { previous, used, newest, refreshed_at };
                let stored = doc! {
                    "previous": previous, "used": used, "generation": newest, "rotatedAt": Bson::from(refreshed_at),
                };
                let id = doc! { "_id": started.id };
                documents.update_one(id, doc! { "$set": stored }).await.unwrap();

                let outcome = sessions.present(&RefreshToken { session: started.id, generation: presented }, now).await;

                let after = sessions.find(started.id).await.unwrap().unwrap().generations();
                let expected = before.present(presented, now);
                let what = format!("{presented} presented to {before:?}");
                assert_eq!(after, expected.unwrap_or(before), "{what}");
                match (outcome.unwrap(), expected) {
                    (Rotation::Current(session), Some(expected)) => {
                        assert_eq!(session.generations(), expected, "{what}");
                    }
                    (Rotation::Stolen, None) => {}
                    (outcome, _) => panic!("{what} is {outcome:?}"),
                }
                combinations += 1;
            }
        }
    }
    assert_eq!(combinations, 500);
}

/// Several `refresh-key` can exist, for example for the host alone and for its domain.
#[tokio::test]
async fn of_several_refresh_tokens_the_living_one_counts() {
    let user = User::sign_up(shared(), "Ada").await;
    let (old, ended) = (user.browser.token("refresh-key"), user.other_device(shared()).await);
    let over = ended.token("refresh-key");
    ended.post_empty("/api/logout").await.expect(200);
    for _ in 0..2 {
        let_time_pass(&user, HOUR).await;
        user.browser.get("/api/refresh").await.expect(200);
    }
    let living = user.browser.token("refresh-key");

    for tokens in [[&old, &over, &living], [&living, &over, &old], [&over, &living, &old]] {
        let cookies = tokens.map(|token| format!("refresh-key={token}")).join("; ");
        let browser = Browser::sending(shared(), &cookies);

        browser.get("/api/refresh").await.expect(200);

        let another = user.other_device(shared()).await.token("refresh-key");
        Browser::sending(shared(), &format!("refresh-key={over}; refresh-key={another}"))
            .get("/api/refresh")
            .await
            .expect(200);
    }
    user.browser.get("/api/refresh").await.expect(200);
}

#[tokio::test]
async fn logout_ends_every_session_that_the_browser_has_a_token_of() {
    let user = User::sign_up(shared(), "Ada").await;
    let (one, other) = (user.browser.token("refresh-key"), user.other_device(shared()).await);
    let cookies = format!("refresh-key={one}; refresh-key={}", other.token("refresh-key"));

    Browser::sending(shared(), &cookies).post_empty("/api/logout").await.expect(200);

    user.browser.get("/api/refresh").await.expect_code(401, "sessionOver");
    other.get("/api/refresh").await.expect_code(401, "sessionOver");
}

#[tokio::test]
async fn a_refused_refresh_leaves_a_sign_up_in_progress_alone() {
    let email = new_email();
    let browser = prove_address(shared(), &email).await;

    browser.get("/api/refresh").await.expect_code(401, "noRefreshKey");

    browser.post("/api/uploadDetails", json!({ "fullName": "Ada", "email": email })).await.expect(200);
}

/// Makes the database refuse to let connections expire, until it is called with `false`.
async fn keep_connections(stack: &Stack, keep: bool) {
    let later = DateTime::from_millis(DateTime::now().timestamp_millis() + 60_000);
    let validator = if keep {
        doc! { "expiresAt": { "$gt": later } }
    } else {
        doc! {}
    };
    let database = stack.database().await;
    database.run_command(doc! { "collMod": "connections", "validator": validator }).await.unwrap();
}

/// Checks that a request which ends a session and then fails to close its sockets does so when it is
/// repeated.
async fn closes_when_repeated(method: Method, path: &str) {
    let stack = Setup::default().start();
    let user = User::sign_up(&stack, "Ada").await;
    let stale = Browser::sending(&stack, &user.browser.cookies());
    let sessions = stack.database().await.collection::<Document>("sessions");
    let used = doc! { "$set": { "generation": 3_i64, "used": 3_i64, "previous": 2_i64 } };
    sessions.update_one(doc! { "userId": object_id(&user.id) }, used).await.unwrap();
    let mut socket = Socket::open(&stack, &user).await;
    keep_connections(&stack, true).await;
    stale.request(method.clone(), path, |request| request).await.expect_error(500);
    stale.get("/api/refresh").await.expect_error(500);
    socket.expect_silence().await;
    keep_connections(&stack, false).await;

    let repeated = stale.request(method, path, |request| request).await;

    repeated.expect_code(401, "sessionOver");
    socket.expect_close().await;
}

#[tokio::test]
async fn a_logout_that_failed_half_way_is_finished_by_a_repeat() {
    if skip_on_deployed_stack() {
        return;
    }
    closes_when_repeated(Method::POST, "/api/logout").await;
}

#[tokio::test]
async fn a_detected_theft_that_failed_half_way_is_finished_by_a_repeat() {
    if skip_on_deployed_stack() {
        return;
    }
    closes_when_repeated(Method::GET, "/api/refresh").await;
}

/// Kills the function at random instants.
#[tokio::test]
async fn a_logout_closes_the_sockets_even_if_its_processes_die() {
    if skip_on_deployed_stack() {
        return;
    }
    let (stack, seed) = (Setup::default().start(), seed("SESSIONS_SEED"));
    for round in 0..4 {
        let user = User::sign_up(&stack, "Ada").await;
        let mut sockets = [Socket::open(&stack, &user).await, Socket::open(&stack, &user).await];
        let cookies = Browser::sending(&stack, &user.browser.cookies());
        let attempts = async {
            for _ in 0..20 {
                if cookies.post_empty("/api/logout").await.status < 500 {
                    return;
                }
            }
        };

        tokio::select! {
            never = keep_killing(&stack, &["logout"], StdRng::seed_from_u64(seed + round)) => match never {},
            () = attempts => {}
        }

        eventually("a logout is answered", async || cookies.post_empty("/api/logout").await.status < 500).await;
        for socket in &mut sockets {
            socket.expect_close().await;
        }
    }
}

#[tokio::test]
async fn logout_closes_more_sockets_than_one_reply_of_the_database_holds() {
    let user = User::sign_up(shared(), "Ada").await;
    let session = claims(&user.browser.token("refresh-key"))["session"].as_str().unwrap().to_owned();
    let connections = shared().database().await.collection::<Document>("connections");
    let (now, later) = (DateTime::now(), DateTime::from_millis(DateTime::now().timestamp_millis() + 3_600_000));
    let dead = (0..1_100).map(|_| {
        doc! {
            "_id": unique(""), "userId": object_id(&user.id), "sessionId": object_id(&session), "name": "Ada",
            "dialect": "1", "rooms": [], "watches": [], "connectedAt": now, "expiresAt": later,
        }
    });
    connections.insert_many(dead).await.unwrap();
    let mut socket = Socket::open(shared(), &user).await;

    user.browser.post_empty("/api/logout").await.expect(200);

    socket.expect_close().await;
    let left = connections.count_documents(doc! { "sessionId": object_id(&session) }).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn frames_of_a_connection_whose_record_expired_are_refused() {
    let chat = Chat::start(shared()).await;
    let mut socket = Socket::in_room(shared(), &chat.ada, &chat.ada.browser, &chat.id).await;
    let connections = shared().database().await.collection::<Document>("connections");
    let expired = doc! { "$set": { "expiresAt": DateTime::now() } };
    connections.update_many(doc! { "userId": object_id(&chat.ada.id) }, expired).await.unwrap();

    for action in [
        "chatsend",
        "typing",
        "messageRecieved",
        "sendActiveResponse",
        "addFriend",
        "join-chat-room",
        "leave-chat-room",
        "receipt",
        "sendMessage",
        "sync",
    ] {
        let frame = json!({
            "action": action, "chatId": chat.id, "message": "Hello", "clientId": "1", "id": chat.bob.id,
            "userName": "Ada", "friendName": "Bob", "typing": true, "read": 1, "ackId": 1,
        });
        socket.send_unchecked(frame).await;
        let error = socket.expect_event("error").await;
        assert_eq!((&error["action"], &error["code"]), (&json!(action), &json!("unknownConnection")));
    }
}

#[tokio::test]
async fn a_refused_refresh_clears_the_cookies_of_the_session() {
    let user = User::sign_up(shared(), "Ada").await;
    let access = user.browser.token("access-key");
    for cookies in ["unrelated=1".to_owned(), "refresh-key=1".to_owned(), format!("refresh-key={access}")] {
        let reply = Browser::sending(shared(), &cookies).get("/api/refresh").await;

        reply.expect_code(401, "noRefreshKey");
        reply.expect_cleared_session();
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
