//! `DELETE /api/deleteOtp`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::description::{Endpoint, Tag};
use crate::values::email::EmailAddress;

/// The input of `DELETE /api/deleteOtp`.
#[derive(Deserialize, JsonSchema)]
pub struct DeleteOtpInput {
    /// The address that the code was mailed to.
    pub email: EmailAddress,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::new("DELETE", "/api/deleteOtp", Tag::SigningIn, "Invalidates the one-time code of an e-mail address")
        .json::<DeleteOtpInput>(r#"{"email":"ada@example.com"}"#)
        .effect("invalidates the code, if any")
        .returns_message("Otp deleted")
        .invalid(["\"email\" is required"])
}
