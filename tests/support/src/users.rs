//! Users who sign up and sign in with mailed codes.

use serde_json::{Value, json};

use crate::{Browser, Stack};

/// Returns a unique word that begins with `start`.
pub fn unique(start: &str) -> String {
    format!("{start}{:016x}", rand::random::<u64>())
}

/// Returns an e-mail address that is not in use.
pub fn new_email() -> String {
    format!("{}@example.com", unique("e2e-"))
}

/// Requests a code and returns it.
pub async fn send_code(stack: &Stack, email: &str) -> String {
    Browser::new(stack).post("/api/sendOtp", json!({ "email": email })).await.expect(200);
    stack.mailed_code(email).await
}

/// Verifies the address with a mailed code. Returns the new browser that did so.
pub async fn prove_address(stack: &Stack, email: &str) -> Browser {
    let otp = send_code(stack, email).await;
    let browser = Browser::new(stack);
    browser.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await.expect(200);
    browser
}

/// A user with a complete profile.
pub struct User {
    /// Their id.
    pub id: String,
    /// Their address.
    pub email: String,
    /// Their full name.
    pub name: String,
    /// The browser that they signed up with.
    pub browser: Browser,
}

impl User {
    /// Signs up a new user.
    pub async fn sign_up(stack: &Stack, name: &str) -> Self {
        let email = new_email();
        let browser = prove_address(stack, &email).await;
        browser.post("/api/uploadDetails", json!({ "fullName": name, "email": email })).await.expect(200);
        let details = browser.get("/api/userDetails").await.expect(200);
        let id = details["userdata"]["_id"].as_str().unwrap().to_owned();
        Self { id, email, name: name.to_owned(), browser }
    }

    /// Returns a browser on another device, signed in as well.
    pub async fn other_device(&self, stack: &Stack) -> Browser {
        prove_address(stack, &self.email).await
    }

    /// Returns the public profile of a user without a photo.
    pub fn public_profile(&self) -> Value {
        json!({ "_id": self.id, "fullName": self.name, "photoUrl": null })
    }
}
