//! People as others see them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::values::ids::UserId;

/// The public profile of a user.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The id of the user.
    #[serde(rename = "_id")]
    pub id: UserId,
    /// The name of the user.
    pub full_name: Option<String>,
    /// The address of the photo, or `null`. A relative one belongs to the HTTP API.
    #[schemars(extend("format" = "uri-reference"))]
    pub photo_url: Option<String>,
}
