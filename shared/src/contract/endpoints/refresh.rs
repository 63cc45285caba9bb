//! `GET /api/refresh`.

use crate::contract::credentials::REFRESH;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{NO_REFRESH_KEY, REFRESH_KEY_REUSED, SESSION_OVER};

pub(super) fn endpoint() -> Endpoint {
    let summary = "Exchanges the refresh token for the newest one and an access token";
    Endpoint::new("GET", "/api/refresh", Tag::SigningIn, summary)
        .callers("`refresh-key`", [Some(REFRESH)])
        .effect("the newest `refresh-key` and an `access-key`. 401 clears both, with their markers")
        .returns_message("Successfully updated tokens")
        .sets_cookies("`refresh-key` and `access-key`, each with its marker.")
        .clears_cookies_on_401("`refresh-key` and `access-key` are cleared, each with its marker.")
        .fails([NO_REFRESH_KEY, SESSION_OVER, REFRESH_KEY_REUSED])
}
