//! `POST /api/verifyOtp`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{NO_SUCH_CODE, WRONG_CODE};
use crate::values::code::Code;
use crate::values::email::EmailAddress;

/// The input of `POST /api/verifyOtp`.
#[derive(Deserialize, JsonSchema)]
pub struct VerifyOtpInput {
    /// The address that the code was mailed to.
    pub email: EmailAddress,
    /// The code.
    pub otp: Code,
}

/// The output of `POST /api/verifyOtp`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyOtpOutput {
    /// Whether the profile is complete. If so, the browser is signed in.
    pub is_complete: bool,
    /// A description of the result.
    pub message: &'static str,
}

pub(super) fn endpoint() -> Endpoint {
    let summary = "Exchanges a one-time code for a sign-in, or for the right to complete a new profile";
    Endpoint::new("POST", "/api/verifyOtp", Tag::SigningIn, summary)
        .json::<VerifyOtpInput>(r#"{"email":"ada@example.com","otp":"314159"}"#)
        .effect(
            "`isComplete`; sets `refresh-key` and `access-key` if the profile is complete, else \
             `signup-key`. 404 if no code was requested; 401 if the code is wrong, used or \
             expired, or had 5 wrong attempts. The browser that requested the code can repeat the \
             request: the same session is returned",
        )
        .returns(VerifyOtpOutput { is_complete: true, message: "Otp verified" })
        .sets_cookies(
            "`refresh-key` and `access-key`, each with its marker, if the profile is complete; \
             `signup-key` if it is not.",
        )
        .invalid(["\"otp\" must be a code of 6 digits"])
        .fails([WRONG_CODE, NO_SUCH_CODE])
}
