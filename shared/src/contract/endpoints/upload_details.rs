//! `POST /api/uploadDetails`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::credentials::{ACCESS, SIGNUP};
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{NO_ACCESS_KEY, NOT_YOUR_EMAIL};
use crate::values::email::EmailAddress;
use crate::values::text::FullName;

/// The input of `POST /api/uploadDetails`, besides the photo.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadDetailsInput {
    /// The name that others see.
    pub full_name: FullName,
    /// The address that was verified, or that of the signed-in user.
    pub email: EmailAddress,
}

pub(super) fn endpoint() -> Endpoint {
    let summary = "Completes or changes a profile, and signs the browser in";
    Endpoint::new("POST", "/api/uploadDetails", Tag::SigningIn, summary)
        .callers("`signup-key` of this address, or `access-key` of its user", [Some(SIGNUP), Some(ACCESS)])
        .form::<UploadDetailsInput>(r#"{"fullName":"Ada Lovelace","email":"ada@example.com"}"#)
        .effect("completes or changes the profile; sets `refresh-key` and `access-key`")
        .returns_message("Successfully updated Data")
        .sets_cookies("`refresh-key` and `access-key`, each with its marker. `signup-key` is cleared.")
        .invalid(["\"fullName\" must be 1 to 100 characters long"])
        .fails([NO_ACCESS_KEY, NOT_YOUR_EMAIL])
}
