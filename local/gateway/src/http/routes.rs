//! The routes of an HTTP API.

use std::collections::HashMap;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::template::HttpRoute;

/// The route that matches a request.
pub(super) struct Matched {
    pub(super) function: String,
    /// The route's key, such as `GET /uploads/{photo}`.
    pub(super) key: String,
    pub(super) parameters: Vec<(String, String)>,
    /// How long API Gateway waits for the function.
    pub(super) timeout: Duration,
}

/// The routers of one kind of route, by method. Each route holds its function, its key and its
/// timeout.
type Table = HashMap<String, matchit::Router<(String, String, Duration)>>;

/// The routes in order of precedence: exact paths, paths with parameters, `{proxy+}`, and
/// `$default` for the rest
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>).
#[derive(Default)]
pub(super) struct Routes {
    plain: Table,
    greedy: Table,
    default: Option<(String, Duration)>,
}

impl Routes {
    /// # Errors
    /// Returns an error if two routes are the same, or if a path is malformed.
    pub(super) fn new(routes: &[HttpRoute]) -> Result<Self, Error> {
        let mut all = Self::default();
        for route in routes {
            let (key, HttpRoute { method, path, function, timeout }) = (route.key(), route);
            if path == "$default" {
                all.default = Some((function.clone(), *timeout));
                continue;
            }
            let (table, pattern) = match path.strip_suffix("+}").and_then(|path| path.rsplit_once('{')) {
                Some((start, name)) => (&mut all.greedy, format!("{start}{{*{name}}}")),
                None => (&mut all.plain, path.clone()),
            };
            let value = (function.clone(), key.clone(), *timeout);
            let inserted = table.entry(method.clone()).or_default().insert(pattern, value);
            inserted.map_err(|error| Error::Route { route: key, reason: error.to_string() })?;
        }
        Ok(all)
    }

    /// Finds the route of a request.
    pub(super) fn find(&self, method: &str, path: &str) -> Option<Matched> {
        let kinds = [(&self.plain, method), (&self.plain, "ANY"), (&self.greedy, method), (&self.greedy, "ANY")];
        let matched = kinds.into_iter().find_map(|(table, method)| table.get(method)?.at(path).ok());
        let default = || {
            self.default.clone().map(|(function, timeout)| Matched {
                function,
                key: "$default".to_owned(),
                parameters: Vec::new(),
                timeout,
            })
        };
        matched.map_or_else(default, |matched| {
            let (function, key, timeout) = matched.value.clone();
            let parameters = matched.params.iter().map(|(name, value)| (name.to_owned(), decode(value)));
            Some(Matched { function, key, parameters: parameters.collect(), timeout })
        })
    }
}

/// Percent-decodes a text.
pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(routes: &[(&str, &str)]) -> Routes {
        let route = |(method, path): &(&str, &str)| HttpRoute {
            method: (*method).to_owned(),
            path: (*path).to_owned(),
            function: format!("{method} {path}"),
            timeout: Duration::from_secs(30),
        };
        Routes::new(&routes.iter().map(route).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes =
            routes(&[("GET", "/a/b"), ("GET", "/a/{x}"), ("GET", "/a/{rest+}"), ("ANY", "/any"), ("ANY", "$default")]);
        let function_for = |method: &str, path: &str| routes.find(method, path).unwrap().function;
        assert_eq!(function_for("GET", "/a/b"), "GET /a/b");
        assert_eq!(function_for("GET", "/a/c"), "GET /a/{x}");
        assert_eq!(function_for("GET", "/a/c/d"), "GET /a/{rest+}");
        assert_eq!(function_for("DELETE", "/any"), "ANY /any");
        assert_eq!(function_for("POST", "/a/b"), "ANY $default");
    }

    #[test]
    fn without_a_default_route_other_requests_match_nothing() {
        let routes = routes(&[("GET", "/a")]);
        assert!(routes.find("POST", "/a").is_none());
        assert!(routes.find("GET", "/b").is_none());
    }

    #[test]
    fn path_parameters_are_decoded() {
        let matched = routes(&[("GET", "/uploads/{photo}")]).find("GET", "/uploads/a%20b").unwrap();
        assert_eq!(matched.parameters, [("photo".to_owned(), "a b".to_owned())]);
    }
}
