//! `GET /api/users`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::NO_ACCESS_KEY;
use crate::contract::examples::{ada_as_friend, bob, bob_as_friend};
use crate::contract::person::Person;
use crate::values::ids::UserId;
use crate::values::limit::Limit;
use crate::values::text::SearchTerm;

/// The input of `GET /api/users`.
#[derive(Deserialize, JsonSchema)]
pub struct UsersInput {
    /// The beginning of any word of a name. Case is ignored.
    pub search: Option<SearchTerm>,
    /// The maximum number of people.
    #[serde(default)]
    pub limit: Limit<100, 500>,
    /// The `next` of the previous page.
    pub after: Option<UserId>,
}

/// The output of `GET /api/users`.
#[derive(Serialize, JsonSchema)]
pub struct UsersOutput {
    /// The people, ordered by id.
    pub data: Vec<Person>,
    /// The value of `after` for the next page, or `null` on the last page.
    pub next: Option<UserId>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::new("GET", "/api/users", Tag::People, "Lists everyone with a complete profile")
        .callers("anyone, unless `PUBLIC_DIRECTORY=false`", [None, Some(ACCESS)])
        .query::<UsersInput>(r#"{"search":"ada","limit":"100","after":"65a1b2c3d4e5f60718293a40"}"#)
        .note("search", "the beginning of any word of a name")
        .note("after", "an `_id`")
        .effect("`data`: `[{\"_id\",\"fullName\",\"photoUrl\"}]`; `next`: the next `after`, or `null`")
        .returns(UsersOutput { data: vec![ada_as_friend(), bob_as_friend()], next: Some(bob()) })
        .bad_parameter(["\"limit\" must be a number from 1 to 500"])
        .fails([NO_ACCESS_KEY])
}
