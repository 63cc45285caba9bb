//! Profile photos: `uploadDetails` with an image, and `GET /uploads/{photo}`.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use test_support::{Browser, Reply, User, shared};

const MEBIBYTE: usize = 1024 * 1024;

/// Returns a unique file that begins as an image of this type.
fn image(start: &[u8]) -> Vec<u8> {
    [start, &rand::random::<[u8; 32]>()].concat()
}

fn jpeg() -> Vec<u8> {
    image(b"\xFF\xD8\xFF\xE0")
}

async fn upload(user: &User, image: Vec<u8>) -> Reply {
    let profile = Part::bytes(image).file_name("me.txt").mime_str("text/plain").unwrap();
    let form =
        Form::new().text("email", user.email.clone()).text("fullName", user.name.clone()).part("profile", profile);
    user.browser.request(Method::POST, "/api/uploadDetails", |request| request.multipart(form)).await
}

async fn photo_url(user: &User) -> Value {
    user.browser.get("/api/userDetails").await.expect(200)["userdata"]["photoUrl"].clone()
}

#[tokio::test]
async fn a_photo_is_recognized_by_its_content_and_served_to_anyone() {
    let user = User::sign_up(shared(), "Ada").await;
    let kinds: [(&str, &[u8]); 3] = [
        ("image/jpeg", b"\xFF\xD8\xFF\xE0"),
        ("image/png", b"\x89PNG\r\n\x1A\n"),
        ("image/webp", b"RIFF\x10\0\0\0WEBPVP8 "),
    ];
    for (media_type, start) in kinds {
        let bytes = image(start);
        upload(&user, bytes.clone()).await.expect(200);
        let url = photo_url(&user).await.as_str().unwrap().to_owned();

        let photo = Browser::new(shared()).get(&url).await;

        assert!(url.starts_with(&format!("{}/uploads/", shared().http)), "{url}");
        assert_eq!((photo.status, &photo.body), (200, &bytes));
        assert_eq!(photo.header("content-type"), media_type);
        assert_eq!(photo.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(photo.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn other_users_see_the_photo() {
    let (ada, bob) = (User::sign_up(shared(), "Ada").await, User::sign_up(shared(), "Bob").await);
    upload(&ada, jpeg()).await.expect(200);
    let url = photo_url(&ada).await;
    bob.browser.post("/api/createConnection", json!({ "personId": ada.id })).await.expect(200);

    let chats = bob.browser.get("/api/allConnection").await.expect(200);

    assert_eq!(chats["data"][0]["friend"], json!({ "_id": ada.id, "fullName": "Ada", "photoUrl": url }));
}

#[tokio::test]
async fn a_change_of_name_keeps_the_photo() {
    let user = User::sign_up(shared(), "Ada").await;
    upload(&user, jpeg()).await.expect(200);
    let url = photo_url(&user).await;

    user.browser.post("/api/uploadDetails", json!({ "fullName": "Ada King", "email": user.email })).await.expect(200);
    upload(&user, Vec::new()).await.expect(200);

    assert_eq!(photo_url(&user).await, url);
}

#[tokio::test]
async fn an_old_photo_stays_at_its_url() {
    let user = User::sign_up(shared(), "Ada").await;
    let old = jpeg();
    upload(&user, old.clone()).await.expect(200);
    let url = photo_url(&user).await.as_str().unwrap().to_owned();

    upload(&user, jpeg()).await.expect(200);

    assert_ne!(photo_url(&user).await, url);
    assert_eq!(user.browser.get(&url).await.body, old);
}

#[tokio::test]
async fn two_users_may_have_the_same_photo() {
    let (ada, bob, bytes) = (User::sign_up(shared(), "Ada").await, User::sign_up(shared(), "Bob").await, jpeg());

    upload(&ada, bytes.clone()).await.expect(200);
    upload(&bob, bytes).await.expect(200);

    assert_eq!(photo_url(&ada).await, photo_url(&bob).await);
}

#[tokio::test]
async fn a_photo_has_at_most_two_mebibytes() {
    let user = User::sign_up(shared(), "Ada").await;
    let of_size = |size| {
        let mut bytes = jpeg();
        bytes.resize(size, 0);
        bytes
    };

    upload(&user, of_size(2 * MEBIBYTE)).await.expect(200);
    let url = photo_url(&user).await;

    for size in [2 * MEBIBYTE + 1, 3 * MEBIBYTE] {
        upload(&user, of_size(size)).await.expect_code(413, "tooLarge");
    }
    assert_eq!(photo_url(&user).await, url);
    assert_eq!(user.browser.get(url.as_str().unwrap()).await.body.len(), 2 * MEBIBYTE);
}

#[tokio::test]
async fn a_file_that_is_not_an_image_is_refused() {
    let user = User::sign_up(shared(), "Ada").await;
    for start in [b"GIF89a".as_slice(), b"<svg xmlns=\"http://www.w3.org/2000/svg\">", b"RIFF\x10\0\0\0WAVE", b"<html>"]
    {
        let reply = upload(&user, image(start)).await;

        reply.expect_code(415, "notAPhoto");
    }
    assert_eq!(photo_url(&user).await, Value::Null);
}

#[tokio::test]
async fn an_unknown_photo_is_not_found() {
    for photo in ["0".repeat(64), "A".repeat(64), "me.jpg".to_owned(), "%00".to_owned()] {
        let reply = Browser::new(shared()).get(&format!("/uploads/{photo}")).await;

        reply.expect_code(404, "noSuchPhoto");
    }
}
