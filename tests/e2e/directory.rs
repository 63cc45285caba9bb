//! The directory: `users`.

use std::collections::HashSet;

use mongodb::bson::{Document, doc};
use serde_json::{Value, json};
use test_support::{Browser, User, new_email, prove_address, shared, unique};

/// Returns the ids of the users that match a search.
async fn search(term: &str) -> Vec<Value> {
    let body = Browser::new(shared()).query("/api/users", &[("search", term)]).await.expect(200);
    body["data"].as_array().unwrap().iter().map(|person| person["_id"].clone()).collect()
}

/// Reads the whole directory page by page. Returns the ids.
async fn everyone(parameters: &[(&str, &str)]) -> Vec<Value> {
    let (browser, mut people, mut after) = (Browser::new(shared()), Vec::new(), String::new());
    loop {
        let body = browser.query("/api/users", &[parameters, &[("after", &after)]].concat()).await.expect(200);
        people.extend(body["data"].as_array().unwrap().iter().map(|person| person["_id"].clone()));
        match body["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return people,
        }
    }
}

#[tokio::test]
async fn anyone_can_find_users_without_their_addresses() {
    let user = User::sign_up(shared(), &unique("Ada ")).await;

    let body = Browser::new(shared()).query("/api/users", &[("search", &user.name)]).await.expect(200);

    assert_eq!(body, json!({ "status": true, "data": [user.public_profile()], "next": null }));
}

#[tokio::test]
async fn a_search_matches_the_start_of_any_word_in_any_case() {
    let (first, last) = (unique("ada"), unique("élan"));
    let user = User::sign_up(shared(), &format!("{}  Von {last}", first.to_uppercase())).await;

    for term in [
        first.clone(),
        first.to_uppercase(),
        first[..12].to_owned(),
        last.to_uppercase(),
        format!("von {last}"),
        format!("{first} von {}", &last[..12]),
        format!(" {last}"),
    ] {
        assert_eq!(search(&term).await, [user.id.as_str()], "for {term:?}");
    }
}

#[tokio::test]
async fn a_search_matches_nothing_within_a_word() {
    let word = unique("ada");
    User::sign_up(shared(), &format!("Ada {word}")).await;

    for term in [&word[1..], &format!("{word}x"), &format!("{word} ada")] {
        assert!(search(term).await.is_empty(), "for {term:?}");
    }
}

#[tokio::test]
async fn a_search_does_not_match_words_on_both_sides_of_it() {
    let middle = unique("m");
    let user = User::sign_up(shared(), &format!("Ada {middle} Zoe")).await;

    let matches = search(&unique("k")).await;

    assert!(matches.is_empty());
    assert_eq!(search(&middle).await, [user.id.as_str()]);
}

#[tokio::test]
async fn a_search_takes_every_character_literally() {
    let word = unique("ada");
    User::sign_up(shared(), &word).await;

    for term in [".*", "^ada", "$ne", "%", &format!("{}.*", &word[..8]), "{\"$gt\":\"\"}"] {
        assert!(search(term).await.is_empty(), "for {term:?}");
    }
}

#[tokio::test]
async fn the_directory_is_read_in_pages() {
    let word = unique("ada");
    let mut ids = HashSet::new();
    for number in 0..5 {
        ids.insert(User::sign_up(shared(), &format!("{word} {number}")).await.id.into());
    }

    for limit in ["1", "2", "5", "500"] {
        let people = everyone(&[("search", &word), ("limit", limit)]).await;

        assert_eq!(people.len(), 5, "with the limit {limit}");
        assert_eq!(HashSet::from_iter(people), ids, "with the limit {limit}");
    }
}

#[tokio::test]
async fn the_last_page_has_no_next() {
    let word = unique("ada");
    for number in 0..2 {
        User::sign_up(shared(), &format!("{word} {number}")).await;
    }
    let browser = Browser::new(shared());

    let first = browser.query("/api/users", &[("search", &word), ("limit", "1")]).await.expect(200);
    let after = first["data"][0]["_id"].as_str().unwrap();
    let last = browser.query("/api/users", &[("search", &word), ("limit", "1"), ("after", after)]).await.expect(200);

    assert_eq!(first["next"], after);
    assert_eq!(last["next"], Value::Null);
}

#[tokio::test]
async fn the_directory_lists_each_complete_profile_once() {
    let email = new_email();
    prove_address(shared(), &email).await;
    let users = shared().database().await.collection::<Document>("users");
    let incomplete = users.find_one(doc! { "email": email }).await.unwrap().unwrap();
    let incomplete = json!(incomplete.get_object_id("_id").unwrap().to_string());
    let complete = [User::sign_up(shared(), "Ada").await, User::sign_up(shared(), "Bob").await];

    let people = everyone(&[("limit", "7")]).await;

    let distinct: HashSet<_> = people.iter().collect();
    assert_eq!(distinct.len(), people.len());
    assert!(!distinct.contains(&incomplete));
    for user in complete {
        assert!(distinct.contains(&json!(user.id)));
    }
}

#[tokio::test]
async fn a_page_has_a_hundred_users_unless_another_limit_is_given() {
    let browser = Browser::new(shared());

    for (limit, status) in [("1", 200), ("500", 200), ("", 200), ("0", 400), ("501", 400), ("-1", 400), ("ten", 400)] {
        let reply = browser.query("/api/users", &[("limit", limit)]).await;

        assert_eq!(reply.status, status, "with the limit {limit:?}");
    }
    add_users(101).await;
    let page = browser.get("/api/users").await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 100);
}

/// Adds users with complete profiles to the database.
async fn add_users(count: usize) {
    let users = shared().database().await.collection::<Document>("users");
    let new = (0..count).map(|_| doc! { "email": new_email(), "fullName": "Ada", "isProfileComplete": true });
    users.insert_many(new.collect::<Vec<_>>()).await.unwrap();
}

#[tokio::test]
async fn an_invalid_search_is_refused() {
    let browser = Browser::new(shared());

    for (parameter, value) in [("after", "x"), ("after", "65A1B2C3D4E5F60718293A4B"), ("search", &"a".repeat(101))] {
        browser.query("/api/users", &[(parameter, value)]).await.expect_code(400, "badParameter");
    }
}
