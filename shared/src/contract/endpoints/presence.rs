//! `PUT /api/presence`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{NO_ACCESS_KEY, NO_SUCH_CALLER};

/// The input of `PUT /api/presence`.
#[derive(Deserialize, JsonSchema)]
pub struct PresenceInput {
    /// Whether others see when the user is online, and was last seen.
    pub visible: bool,
}

pub(super) fn endpoint() -> Endpoint {
    let summary = "Sets whether others see when the signed-in user is online, and was last seen";
    Endpoint::new("PUT", "/api/presence", Tag::People, summary)
        .callers("`access-key`", [Some(ACCESS)])
        .json::<PresenceInput>(r#"{"visible":false}"#)
        .effect("others see it unless `visible` was set to `false`")
        .returns_message("Presence updated")
        .invalid(["\"visible\" must be a boolean"])
        .fails([NO_ACCESS_KEY, NO_SUCH_CALLER])
}
