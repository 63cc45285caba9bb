//! The description of the HTTP API.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::contract::credentials::{ACCESS, REFRESH, SIGNUP};
use shared::contract::description::{Endpoint, Input, Output, Type};
use shared::contract::limits::MAX_PHOTO_BYTES;
use shared::contract::reply::{self, MessageOutput};
use shared::contract::{endpoints, examples};
use shared::error::Error;
use shared::values::photo_id::PhotoId;

use crate::document::{Node, add, capitalized, from_json, map, node, reference};
use crate::schemas::{self, Schemas, ordered};

/// Returns the whole document.
pub(crate) fn document() -> Node {
    let mut schemas = Schemas::new();
    let photo = schemas.output::<PhotoId>();
    schemas.output::<MessageOutput>();

    let mut document: Node = yaml_serde::from_str(include_str!("openapi.head.yaml")).unwrap();
    let mut paths = map! {};
    for endpoint in endpoints::all() {
        let (path, method) = (endpoint.path, endpoint.method.to_lowercase());
        add(&mut paths, path, map! { method => operation(endpoint, &mut schemas, &photo) });
    }
    add(&mut document, "paths", paths);
    let mut all = map! { "Error" => schemas::error(), "GatewayError" => gateway_error() };
    for (name, schema) in schemas.finish().as_mapping().unwrap() {
        add(&mut all, name.as_str().unwrap(), schema.clone());
    }
    let components = map! {
        "schemas" => all,
        "responses" => responses(),
        "headers" => headers(),
        "securitySchemes" => cookies(),
    };
    add(&mut document, "components", components);
    document
}

/// Returns the operation id of an endpoint: the end of its path.
pub(crate) fn operation_id(path: &str) -> &str {
    match path {
        "/uploads/{photo}" => "photo",
        _ => path.trim_start_matches("/api/"),
    }
}

fn operation(endpoint: Endpoint, schemas: &mut Schemas, photo: &Node) -> Node {
    let Endpoint { path, tag, summary, callers, credentials, input, effect, outputs, cookies, errors, .. } = endpoint;
    let mut operation = map! {
        "operationId" => operation_id(path),
        "tags" => vec![tag.name()],
        "summary" => summary,
        "description" => format!("For {callers}. {}.", capitalized(effect)),
    };
    let security = match credentials.as_slice() {
        [None] => Vec::new(),
        alternatives => alternatives.iter().map(|cookie| security_requirement(*cookie)).collect(),
    };
    add(&mut operation, "security", security);
    match input {
        Input::Nothing => {}
        Input::Query(query) => {
            let parameters: Vec<_> = parameters(schemas, &query);
            add(&mut operation, "parameters", parameters);
        }
        Input::Photo => add(&mut operation, "parameters", vec![path_parameter(photo)]),
        Input::Json(body) => {
            let schema = schemas.input(&body);
            add(&mut operation, "requestBody", request_body(map! { "application/json" => content(schema, &body) }));
        }
        Input::Form(body) => {
            let schema = schemas.input(&body);
            let encoding = map! { "profile" => map! { "contentType" => "image/jpeg, image/png, image/webp" } };
            let form = map! { "schema" => form(&schema), "encoding" => encoding };
            let content = map! { "application/json" => content(schema, &body), "multipart/form-data" => form };
            add(&mut operation, "requestBody", request_body(content));
        }
    }
    let mut responses = map! {};
    for output in outputs {
        let (status, response) = match output {
            Output::Json(body) => {
                let schema = schemas.reply(&body);
                ("200", json_response(set_cookie_header(cookies.success), content(schema, &body)))
            }
            Output::NoContent => ("204", map! { "description" => "The list is empty." }),
            Output::Photo => ("200", photo_response()),
        };
        add(&mut responses, status, response);
    }
    for (status, errors) in by_status(errors) {
        let effect = if status == 401 { cookies.unauthorized } else { "" };
        add(&mut responses, &status.to_string(), failure(&errors, set_cookie_header(effect)));
    }
    for (status, name) in [("429", "TooManyRequests"), ("500", "InternalError"), ("503", "Unavailable")] {
        if responses.get(status).is_none() {
            add(&mut responses, status, reference("responses", name));
        }
    }
    add(&mut operation, "responses", responses);
    operation
}

/// Returns one alternative of the accepted credentials. `None` means that no credentials are
/// needed.
fn security_requirement(cookie: Option<&str>) -> Node {
    match cookie {
        None => map! {},
        Some(cookie) => map! { cookie => Node::Sequence(Vec::new()) },
    }
}

fn request_body(content: Node) -> Node {
    map! { "required" => true, "content" => content }
}

fn content(schema: Node, described: &Type) -> Node {
    map! { "schema" => schema, "example" => from_json(&described.example) }
}

/// Returns the schema of a form: the fields of the JSON object and the photo.
fn form(schema: &Node) -> Node {
    let photo = format!(
        "A JPEG, PNG or WebP of at most {MAX_PHOTO_BYTES} bytes, recognized by its content. Without a file, or \
         with an empty one, the photo does not change."
    );
    map! {
        "allOf" => vec![schema.clone()],
        "type" => "object",
        "properties" => map! { "profile" => map! {
            "description" => photo,
            "type" => "string",
            "contentMediaType" => "application/octet-stream",
        } },
    }
}

fn parameters(schemas: &mut Schemas, query: &Type) -> Vec<Node> {
    let examples: Value = serde_json::from_str(&query.example).unwrap();
    let parameters = schemas.parameters(query).into_iter().map(|(name, schema, required)| {
        // In a URL, everything is a string; in the description, a number is a number.
        let example = examples[&name].as_str().map(|text| match text.parse::<u32>() {
            Ok(number) => number.into(),
            Err(_) => text.into(),
        });
        parameter(&name, schema, required, example)
    });
    parameters.collect()
}

fn parameter(name: &str, mut schema: Value, required: bool, example: Option<Node>) -> Node {
    let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    let mut described = map! { "name" => name, "in" => "query" };
    if let Some(description) = description {
        add(&mut described, "description", node(description));
    }
    add(&mut described, "required", required);
    if !required {
        // A parameter without a value counts as absent.
        add(&mut described, "allowEmptyValue", true);
    }
    add(&mut described, "schema", ordered(&without_null(schema), &[]));
    if let Some(example) = example {
        add(&mut described, "example", example);
    }
    described
}

/// Removes `null` from a schema: an optional query parameter is absent instead.
fn without_null(mut schema: Value) -> Value {
    if let Some(Value::Array(choices)) = schema.get("anyOf") {
        return choices[0].clone();
    }
    if let Some(Value::Array(types)) = schema.get("type") {
        schema["type"] = types[0].clone();
    }
    schema
}

fn path_parameter(schema: &Node) -> Node {
    map! {
        "name" => "photo",
        "in" => "path",
        "description" => "The SHA-256 of the photo.",
        "required" => true,
        "schema" => schema.clone(),
        "example" => examples::PHOTO,
    }
}

fn photo_response() -> Node {
    let picture = || map! { "schema" => map! {} };
    let constant = |value: &str| map! { "required" => true, "schema" => map! { "const" => value } };
    map! {
        "description" => "The photo.",
        "headers" => map! {
            "Cache-Control" => constant("public, max-age=31536000, immutable"),
            "X-Content-Type-Options" => constant("nosniff"),
        },
        "content" => map! { "image/jpeg" => picture(), "image/png" => picture(), "image/webp" => picture() },
    }
}

fn json_response(headers: Node, content: Node) -> Node {
    let mut response = map! { "description" => "Success." };
    add_unless_empty(&mut response, "headers", headers);
    add(&mut response, "content", map! { "application/json" => content });
    response
}

fn add_unless_empty(to: &mut Node, key: &str, mapping: Node) {
    if mapping.as_mapping().is_some_and(|mapping| !mapping.is_empty()) {
        add(to, key, mapping);
    }
}

/// Returns the `Set-Cookie` header for an effect on the browser's cookies. Empty without an effect.
fn set_cookie_header(effect: &str) -> Node {
    if effect.is_empty() {
        return map! {};
    }
    let example = if effect.contains("`access-key`") {
        "access-key=TOKEN; HttpOnly; SameSite=Lax; Secure; Path=/api; Max-Age=900"
    } else {
        "access-key=; HttpOnly; SameSite=Lax; Secure; Path=/api; Max-Age=0"
    };
    let description = format!("{effect} One header per cookie.");
    map! { "Set-Cookie" => map! {
        "description" => description,
        "schema" => map! { "type" => "string" },
        "example" => example,
    } }
}

fn by_status(errors: Vec<Error>) -> BTreeMap<u16, Vec<Error>> {
    let mut by_status = BTreeMap::<u16, Vec<Error>>::new();
    for error in errors {
        by_status.entry(error.status()).or_default().push(error);
    }
    by_status
}

/// Returns the response for failures that share a status.
fn failure(errors: &[Error], mut headers: Node) -> Node {
    let (mut examples, status) = (map! {}, errors[0].status());
    for (number, error) in (1..).zip(errors) {
        let code = error.code();
        let key = if examples.get(code).is_none() { code.to_owned() } else { format!("{code}-{number}") };
        add(&mut examples, &key, map! { "value" => from_json(reply::failure(error)) });
        if error.retry_after().is_some() && headers.get("Retry-After").is_none() {
            add(&mut headers, "Retry-After", reference("headers", "Retry-After"));
        }
    }
    // API Gateway reports some failures itself, in its own form.
    let schema = match status {
        413 | 429 | 500 | 503 => {
            map! { "anyOf" => vec![reference("schemas", "Error"), reference("schemas", "GatewayError")] }
        }
        _ => reference("schemas", "Error"),
    };
    let mut response = map! { "description" => meaning(status) };
    add_unless_empty(&mut response, "headers", headers);
    add(&mut response, "content", map! { "application/json" => map! { "schema" => schema, "examples" => examples } });
    response
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "A query parameter is missing or malformed.",
        401 => "The credentials are missing, invalid or expired.",
        403 => "Signed in, but not allowed.",
        404 => "It does not exist.",
        409 => "It already exists.",
        413 => "The body is too large.",
        415 => "Wrong media type.",
        422 => "The body fails validation.",
        429 => "Too many requests.",
        500 => "A bug.",
        503 => "The database or the mail server cannot be reached.",
        _ => unreachable!("no error has the status {status}"),
    }
}

/// Returns the responses that all endpoints share.
fn responses() -> Node {
    let cause = || "not shown".into();
    let throttled = map! {
        "description" => "API Gateway throttles the requests of all clients together.",
        "content" => map! { "application/json" => map! {
            "schema" => reference("schemas", "GatewayError"),
            "example" => map! { "message" => "Too Many Requests" },
        } },
    };
    map! {
        "TooManyRequests" => throttled,
        "InternalError" => failure(&[Error::Internal(cause())], map! {}),
        "Unavailable" => failure(&[Error::Unavailable(cause())], map! {}),
    }
}

fn gateway_error() -> Node {
    map! {
        "description" => "The form of API Gateway's own replies.",
        "type" => "object",
        "required" => vec!["message"],
        "properties" => map! { "message" => map! { "type" => "string" } },
    }
}

fn headers() -> Node {
    map! { "Retry-After" => map! {
        "description" => "The seconds to wait before the next attempt. API Gateway's own replies do not have it.",
        "schema" => map! { "type" => "integer", "minimum" => 0 },
        "example" => 30,
    } }
}

fn cookies() -> Node {
    let cookie = |name: &str, description: &str| {
        map! { "type" => "apiKey", "in" => "cookie", "name" => name, "description" => description }
    };
    let access = "Identifies the caller, for 15 minutes. `GET /api/refresh` returns the next one.";
    let refresh = "Identifies the session, for 90 days. It can be used once, and again within 30 seconds, \
                   because several tabs may refresh at the same time. Later use ends the session.";
    let signup = "Proves that this browser verified an address, for 15 minutes.";
    map! {
        ACCESS => cookie(ACCESS, access),
        REFRESH => cookie(REFRESH, refresh),
        SIGNUP => cookie(SIGNUP, signup),
    }
}
