//! `POST /api/logout`.

use crate::contract::credentials::REFRESH;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{NO_REFRESH_KEY, SESSION_OVER};

pub(super) fn endpoint() -> Endpoint {
    let summary = "Ends this session, closes its sockets, and clears the cookies of the browser";
    let cleared = "All cookies are cleared, on both paths.";
    Endpoint::new("POST", "/api/logout", Tag::SigningIn, summary)
        .callers("`refresh-key`", [Some(REFRESH)])
        .effect("ends this session, closes its sockets, clears the cookies")
        .returns_message("Successfully deleted")
        .sets_cookies(cleared)
        .clears_cookies_on_401(cleared)
        .fails([NO_REFRESH_KEY, SESSION_OVER])
}
