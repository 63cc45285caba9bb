//! `GET /api/userDetails`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{NO_ACCESS_KEY, NO_SUCH_CALLER};
use crate::contract::examples::{PHOTO_URL, ada};
use crate::values::email::EmailAddress;
use crate::values::ids::UserId;

/// The output of `GET /api/userDetails`.
#[derive(Serialize, JsonSchema)]
pub struct UserDetailsOutput {
    /// The signed-in user.
    pub userdata: UserData,
}

/// A user as they see themselves.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserData {
    /// The id of the user.
    #[serde(rename = "_id")]
    pub id: UserId,
    /// The address that the user signs in with.
    #[schemars(with = "EmailAddress")]
    pub email: String,
    /// The name of the user, or `null` before the profile is complete.
    pub full_name: Option<String>,
    /// The address of the photo, or `null`.
    #[schemars(url)]
    pub photo_url: Option<String>,
    /// Whether the user has a name.
    pub is_profile_complete: bool,
}

pub(super) fn endpoint() -> Endpoint {
    let ada = UserData {
        id: ada(),
        email: "ada@example.com".to_owned(),
        full_name: Some("Ada Lovelace".to_owned()),
        photo_url: Some(PHOTO_URL.to_owned()),
        is_profile_complete: true,
    };
    Endpoint::new("GET", "/api/userDetails", Tag::SigningIn, "Returns the signed-in user")
        .callers("`access-key`", [Some(ACCESS)])
        .effect("`userdata`: `{\"_id\",\"email\",\"fullName\",\"photoUrl\",\"isProfileComplete\"}`")
        .returns(UserDetailsOutput { userdata: ada })
        .fails([NO_ACCESS_KEY, NO_SUCH_CALLER])
}
