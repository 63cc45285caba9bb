//! People who sign up.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use crate::failure::Failure;
use crate::stack::{Answer, Stack, text};

/// The start of a PNG image.
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n";

/// A person with a complete profile.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) photo: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// Returns an address that nobody has.
pub(crate) fn new_email(name: &str) -> String {
    format!("{name}-{:016x}@example.com", rand::random::<u64>())
}

/// Requests a code for an address, and returns it.
pub(crate) async fn send_code(stack: &Stack, email: &str) -> Result<String, Failure> {
    stack.send(Method::POST, "/api/sendOtp", "", json!({ "email": email })).await?;
    stack.mailed_code(email).await
}

/// Proves that an address is one's own, and returns the token to sign up with.
pub(crate) async fn prove_address(stack: &Stack, email: &str) -> Result<String, Failure> {
    let otp = send_code(stack, email).await?;
    let body = json!({ "email": email, "otp": otp });
    stack.send(Method::POST, "/api/verifyOtp", "", body).await?.token("signup-key")
}

impl Person {
    /// Signs up a person with a photo.
    pub(crate) async fn sign_up(stack: &Stack, name: &str) -> Result<Self, Failure> {
        let email = new_email("sample");
        let token = prove_address(stack, &email).await?;
        let form = Form::new().text("fullName", name.to_owned()).text("email", email).part("profile", Part::bytes(PNG));
        let signed_up: Answer = stack.send_form("/api/uploadDetails", &format!("signup-key={token}"), form).await?;
        let (access, refresh) = (signed_up.token("access-key")?, signed_up.token("refresh-key")?);
        let mut person = Self { id: String::new(), photo: String::new(), access, refresh };
        let details = stack.send(Method::GET, "/api/userDetails", &person.cookies(), json!(null)).await?.body;
        person.id = text(&details, "/userdata/_id")?;
        let photo = text(&details, "/userdata/photoUrl")?;
        person.photo = photo.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(person)
    }

    /// Returns the cookies that the person's browser sends.
    pub(crate) fn cookies(&self) -> String {
        format!("access-key={}; refresh-key={}", self.access, self.refresh)
    }
}
