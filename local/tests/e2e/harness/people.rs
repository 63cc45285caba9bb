//! People who sign up and sign in with mailed codes.

use serde_json::{Value, json};

use super::browser::Browser;
use super::stack::Stack;

/// A word that nothing else contains, in lower case, with `start` in front.
pub(crate) fn unique(start: &str) -> String {
    format!("{start}{:016x}", rand::random::<u64>())
}

/// An address that nobody used yet.
pub(crate) fn new_email() -> String {
    format!("{}@example.com", unique("e2e-"))
}

/// Asks for a code and returns it.
pub(crate) async fn send_code(stack: &Stack, email: &str) -> String {
    Browser::new(stack).post("/api/sendOtp", json!({ "email": email })).await.expect(200);
    stack.mailed_code(email).await
}

/// A new browser that verified the address with a mailed code.
pub(crate) async fn prove_address(stack: &Stack, email: &str) -> Browser {
    let otp = send_code(stack, email).await;
    let browser = Browser::new(stack);
    browser.post("/api/verifyOtp", json!({ "email": email, "otp": otp })).await.expect(200);
    browser
}

/// Somebody with a complete profile, and the browser that they signed up with.
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) browser: Browser,
}

impl User {
    /// Somebody new.
    pub(crate) async fn sign_up(stack: &Stack, name: &str) -> Self {
        let email = new_email();
        let browser = prove_address(stack, &email).await;
        browser.post("/api/uploadDetails", json!({ "fullName": name, "email": email })).await.expect(200);
        let details = browser.get("/api/userDetails").await.expect(200);
        let id = details["userdata"]["_id"].as_str().unwrap().to_owned();
        Self { id, email, name: name.to_owned(), browser }
    }

    /// A browser on another device, signed in as well.
    pub(crate) async fn other_device(&self, stack: &Stack) -> Browser {
        prove_address(stack, &self.email).await
    }

    /// What others see of somebody without a photo.
    pub(crate) fn public_profile(&self) -> Value {
        json!({ "_id": self.id, "fullName": self.name, "photoUrl": null })
    }
}
