//! Serves the API a second time, below another path, for the second person on the page.
//!
//! A browser has one set of cookies per host. Cookies that are set here apply only to paths below
//! this one, so that two people can be signed in at the same time in one window. Functions do not
//! notice the difference.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{Entry, SET_COOKIE};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;
use axum::routing::any;
use gateway::HttpApi;

const ROUTE: &str = "/_local/second/{*path}";

const PREFIX: &str = "/_local/second";

/// Returns the route that serves the second person.
pub(crate) fn routes(api: HttpApi) -> Router {
    Router::new().route(ROUTE, any(async move |request: Request| answer(&api, request).await))
}

async fn answer(api: &HttpApi, mut request: Request) -> Response {
    if let Some(uri) = without_prefix(request.uri()) {
        *request.uri_mut() = uri;
    }
    let mut response = api.answer(request).await;
    move_cookies(response.headers_mut());
    response
}

fn without_prefix(uri: &Uri) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(PREFIX)?;
    Some(rest.parse::<PathAndQuery>().ok()?.into())
}

/// Prepends the prefix to the path of each cookie.
fn move_cookies(headers: &mut HeaderMap) {
    let Entry::Occupied(cookies) = headers.entry(SET_COOKIE) else { return };
    let (name, cookies) = cookies.remove_entry_mult();
    let with_prefix = |cookie: HeaderValue| {
        let text = cookie.to_str().ok()?.replace("; Path=/", &format!("; Path={PREFIX}/"));
        HeaderValue::try_from(text).ok()
    };
    let cookies: Vec<_> = cookies.filter_map(with_prefix).collect();
    for cookie in cookies {
        headers.append(name.clone(), cookie);
    }
}
