//! `POST /api/sendOtp`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::UNDELIVERABLE;
use crate::error::Error;
use crate::values::email::EmailAddress;

/// The input of `POST /api/sendOtp`.
#[derive(Deserialize, JsonSchema)]
pub struct SendOtpInput {
    /// The address that the code is mailed to.
    pub email: EmailAddress,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::new("POST", "/api/sendOtp", Tag::SigningIn, "Mails a one-time code to an e-mail address")
        .json::<SendOtpInput>(r#"{"email":"ada@example.com"}"#)
        .effect(
            "mails a six-digit code that is valid for 3 minutes. The first three codes are sent at \
             once; after that, the wait grows from 30 seconds (429). Sets `otp-key`, with which this \
             browser can repeat `verifyOtp` if the answer is lost",
        )
        .sets_cookies("`otp-key`, which proves that this browser requested the code.")
        .returns_message("Successfully send otp to ada@example.com")
        .invalid(["\"email\" is required", "\"email\" must be a valid e-mail address"])
        .fails([UNDELIVERABLE, Error::TooMany { retry_after: Duration::from_secs(30) }])
}
