//! The API once more, below a path of its own, for the second person on the page.
//!
//! A browser has one set of cookies for a host. What is set here is for paths below this one, so that two people can be signed
//! in at the same time in one window. Nothing else is different, and functions do not see it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{Entry, SET_COOKIE};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;

use super::HttpApi;

/// Where it is.
pub(super) const ROUTE: &str = "/_local/second/{*path}";

const PREFIX: &str = "/_local/second";

pub(super) async fn answer(
    state: State<Arc<HttpApi>>,
    peer: ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response {
    if let Some(uri) = without_prefix(request.uri()) {
        *request.uri_mut() = uri;
    }
    let mut response = super::answer(state, peer, request).await;
    move_cookies(response.headers_mut());
    response
}

fn without_prefix(uri: &Uri) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(PREFIX)?;
    Some(rest.parse::<PathAndQuery>().ok()?.into())
}

/// Puts the path that each cookie is for below the prefix.
fn move_cookies(headers: &mut HeaderMap) {
    let Entry::Occupied(cookies) = headers.entry(SET_COOKIE) else { return };
    let (name, cookies) = cookies.remove_entry_mult();
    let moved = |cookie: HeaderValue| {
        let text = cookie.to_str().ok()?.replace("; Path=/", &format!("; Path={PREFIX}/"));
        HeaderValue::try_from(text).ok()
    };
    let cookies: Vec<_> = cookies.filter_map(moved).collect();
    for cookie in cookies {
        headers.append(name.clone(), cookie);
    }
}
