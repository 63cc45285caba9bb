//! The demo page and the API reference. Both are compiled into this program and are never deployed.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde::{Serialize, Serializer};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";

/// The content security policy: nothing is loaded from other origins, and no text becomes code.
/// Connections to other origins are allowed, because sockets are on another origin, and the HTTP
/// API can be.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' blob: data: http: https:; connect-src 'self' http: https: ws: wss:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! files {
    ($($name:literal $kind:ident),* $(,)?) => {
        &[$(($name, $kind, include_str!(concat!("../page/", $name)))),*]
    };
}

/// The files of the pages: name, media type, content.
const FILES: &[(&str, &str, &str)] = files! {
    "activity.js" SCRIPT,
    "chat.js" SCRIPT,
    "chats.js" SCRIPT,
    "dom.js" SCRIPT,
    "page.css" STYLE,
    "page.js" SCRIPT,
    "person.js" SCRIPT,
    "reference.css" STYLE,
    "reference.js" SCRIPT,
    "schemas.js" SCRIPT,
    "sign-in.js" SCRIPT,
};

static OPENAPI: LazyLock<String> = LazyLock::new(|| json(include_str!("../../../docs/openapi.yaml")));
static ASYNCAPI: LazyLock<String> = LazyLock::new(|| json(include_str!("../../../docs/asyncapi.yaml")));

/// Returns the demo page.
pub(crate) fn index() -> Response {
    answer(HTML, include_str!("../page/index.html"))
}

/// Returns the routes of the page's other files and of the reference.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/_local/page/{file}", get(file))
        .route("/_local/client.js", get(async || answer(SCRIPT, include_str!("../../../client/dist/client.js"))))
        .route("/_local/api", get(async || answer(HTML, include_str!("../page/reference.html"))))
        .route("/_local/openapi.json", get(async || answer(JSON, OPENAPI.as_str())))
        .route("/_local/asyncapi.json", get(async || answer(JSON, ASYNCAPI.as_str())))
}

async fn file(Path(requested): Path<String>) -> Response {
    match FILES.iter().find(|(name, ..)| *name == requested) {
        Some((_, kind, content)) => answer(kind, content),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(kind: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, content).into_response()
}

/// Converts a YAML description to JSON, which browsers can parse. The order of the keys stays.
fn json(yaml: &str) -> String {
    let documents = Yaml::load_from_str(yaml).unwrap_or_default();
    serde_json::to_string(&documents.first().map(Node)).unwrap_or_default()
}

struct Node<'a>(&'a Yaml<'a>);

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Yaml::Value(Scalar::Boolean(value)) => serializer.serialize_bool(*value),
            Yaml::Value(Scalar::Integer(value)) => serializer.serialize_i64(*value),
            Yaml::Value(Scalar::FloatingPoint(value)) => serializer.serialize_f64(value.into_inner()),
            Yaml::Value(Scalar::String(text)) => serializer.serialize_str(text),
            Yaml::Sequence(items) => serializer.collect_seq(items.iter().map(Node)),
            Yaml::Mapping(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (Node(key), Node(value))))
            }
            _ => serializer.serialize_unit(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn yaml_becomes_json_in_the_same_order() {
        let text = "b: 1\na: [x, true, 1.5, null]\n'200':\n  c: |\n    two\n    lines\n";

        assert_eq!(json(text), r#"{"b":1,"a":["x",true,1.5,null],"200":{"c":"two\nlines\n"}}"#);
    }

    #[test]
    fn both_descriptions_are_valid_yaml() {
        for (description, version) in [(&*OPENAPI, "openapi"), (&*ASYNCAPI, "asyncapi")] {
            let document: Value = serde_json::from_str(description).unwrap();

            assert!(document[version].is_string(), "{version}");
        }
    }
}
