//! The description of the HTTP API.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{Node, add, capitalized, from_json, map, node, reference, slug};
use super::endpoints::{Body, Endpoint, Gives, Parameter, Takes};
use super::schemas::{self, Schemas, ordered};
use super::{chatting, signing_in};
use crate::api::MessageOutput;
use crate::cookies::{ACCESS, REFRESH, SIGNUP};
use crate::error::Error;
use crate::http::Reply;
use crate::photos::{MAX_PHOTO_BYTES, PhotoId};

/// All endpoints, in the order of the contract.
pub(super) fn endpoints(schemas: &mut Schemas) -> Vec<Endpoint> {
    [signing_in::endpoints(schemas), chatting::endpoints(schemas)].into_iter().flatten().collect()
}

/// The whole document.
pub(super) fn document() -> Node {
    let mut schemas = Schemas::new();
    let endpoints = endpoints(&mut schemas);
    let photo = schemas.given::<PhotoId>();
    schemas.reply::<MessageOutput>();

    let mut document: Node = yaml_serde::from_str(include_str!("openapi.head.yaml")).unwrap();
    let mut paths = map! {};
    for endpoint in endpoints {
        let (path, method) = (endpoint.path, endpoint.method.to_lowercase());
        add(&mut paths, path, map! { method => operation(endpoint, &photo) });
    }
    add(&mut document, "paths", paths);
    let mut all = map! { "Error" => schemas::error(), "GatewayError" => gateway_error() };
    for (name, schema) in schemas.finish().as_mapping().unwrap() {
        add(&mut all, name.as_str().unwrap(), schema.clone());
    }
    let components =
        map! { "schemas" => all, "responses" => responses(), "headers" => headers(), "securitySchemes" => cookies() };
    add(&mut document, "components", components);
    document
}

/// The function's name as an operation's: `SendOtp` is `sendOtp`.
pub(super) fn operation_id(function: &str) -> String {
    let (first, rest) = function.split_at(1);
    first.to_lowercase() + rest
}

fn operation(endpoint: Endpoint, photo: &Node) -> Node {
    let Endpoint { function, tag, summary, who, cookies, takes, effect, gives, sets, fails, .. } = endpoint;
    let mut operation = map! {
        "operationId" => operation_id(function),
        "tags" => vec![tag],
        "summary" => summary,
        "description" => format!("For {who}. {}.", capitalized(effect)),
    };
    let security = match cookies {
        [""] => Vec::new(),
        cookies => cookies.iter().map(|cookie| alternative(cookie)).collect(),
    };
    add(&mut operation, "security", security);
    match takes {
        Takes::Nothing => {}
        Takes::Query(parameters) => {
            add(&mut operation, "parameters", parameters.into_iter().map(parameter).collect::<Vec<_>>());
        }
        Takes::Photo => add(&mut operation, "parameters", vec![path_parameter(photo)]),
        Takes::Json(body) => {
            add(&mut operation, "requestBody", request_body(map! { "application/json" => content(body) }))
        }
        Takes::Form(body) => {
            let form = map! { "schema" => form(&body.schema), "encoding" => map! { "profile" => map! { "contentType" => "image/jpeg, image/png, image/webp" } } };
            let content = map! { "application/json" => content(body), "multipart/form-data" => form };
            add(&mut operation, "requestBody", request_body(content));
        }
    }
    let mut responses = map! {};
    for success in gives {
        let (status, response) = match success {
            Gives::Json(body) => ("200", json_response(headers_of(sets.with_success), body)),
            Gives::NoContent => ("204", map! { "description" => "There are none." }),
            Gives::Photo => ("200", photo_response()),
        };
        add(&mut responses, status, response);
    }
    for (status, errors) in by_status(fails) {
        let set = if status == 401 { sets.with_401 } else { "" };
        add(&mut responses, &status.to_string(), failure(&errors, headers_of(set)));
    }
    for (status, name) in [("429", "TooManyRequests"), ("500", "InternalError"), ("503", "Unavailable")] {
        if responses.get(status).is_none() {
            add(&mut responses, status, reference("responses", name));
        }
    }
    add(&mut operation, "responses", responses);
    operation
}

/// A way to be let in; without a cookie's name, as anybody.
fn alternative(cookie: &str) -> Node {
    if cookie.is_empty() {
        map! {}
    } else {
        map! { cookie => Node::Sequence(Vec::new()) }
    }
}

fn request_body(content: Node) -> Node {
    map! { "required" => true, "content" => content }
}

fn content(body: Body) -> Node {
    map! { "schema" => body.schema, "example" => body.example }
}

/// The fields of a form: those of the JSON object, and the photo.
fn form(schema: &Node) -> Node {
    let photo = format!(
        "A JPEG, PNG or WebP, told by its content, of at most {MAX_PHOTO_BYTES} bytes. Without one, or with an empty file, the photo stays as it is."
    );
    map! {
        "allOf" => vec![schema.clone()],
        "type" => "object",
        "properties" => map! { "profile" => map! { "description" => photo, "type" => "string", "contentMediaType" => "application/octet-stream" } },
    }
}

fn parameter(parameter: Parameter) -> Node {
    let Parameter { name, mut schema, required, example } = parameter;
    let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    let mut described = map! { "name" => name, "in" => "query" };
    if let Some(description) = description {
        add(&mut described, "description", node(description));
    }
    add(&mut described, "required", required);
    if !required {
        // Without a value it counts as absent.
        add(&mut described, "allowEmptyValue", true);
    }
    add(&mut described, "schema", ordered(&without_null(schema), &[]));
    if let Some(example) = example {
        add(&mut described, "example", example);
    }
    described
}

/// What can be left out of a query cannot be `null` there.
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
        "example" => super::examples::PHOTO,
    }
}

fn photo_response() -> Node {
    let picture = || map! { "schema" => map! {} };
    let constant = |value: &str| map! { "required" => true, "schema" => map! { "const" => value } };
    map! {
        "description" => "The picture.",
        "headers" => map! {
            "Cache-Control" => constant("public, max-age=31536000, immutable"),
            "X-Content-Type-Options" => constant("nosniff"),
        },
        "content" => map! { "image/jpeg" => picture(), "image/png" => picture(), "image/webp" => picture() },
    }
}

fn json_response(headers: Node, body: Body) -> Node {
    let mut response = map! { "description" => "Done." };
    add_unless_empty(&mut response, "headers", headers);
    add(&mut response, "content", map! { "application/json" => content(body) });
    response
}

fn add_unless_empty(to: &mut Node, key: &str, mapping: Node) {
    if mapping.as_mapping().is_some_and(|mapping| !mapping.is_empty()) {
        add(to, key, mapping);
    }
}

/// What a reply does to the browser's cookies.
fn headers_of(sets: &str) -> Node {
    if sets.is_empty() {
        return map! {};
    }
    let example = if sets.contains("`access-key`") {
        "access-key=TOKEN; HttpOnly; SameSite=Lax; Secure; Path=/api; Max-Age=900"
    } else {
        "access-key=; HttpOnly; SameSite=Lax; Secure; Path=/api; Max-Age=0"
    };
    let description = format!("{sets} One header for each cookie.");
    map! { "Set-Cookie" => map! { "description" => description, "schema" => map! { "type" => "string" }, "example" => example } }
}

fn by_status(fails: Vec<Error>) -> BTreeMap<u16, Vec<Error>> {
    let mut by_status = BTreeMap::<u16, Vec<Error>>::new();
    for error in fails {
        by_status.entry(error.status()).or_default().push(error);
    }
    by_status
}

/// The reply to failures that share a status.
fn failure(errors: &[Error], mut headers: Node) -> Node {
    let (mut examples, status) = (map! {}, errors[0].status());
    for error in errors {
        let reply = Reply::from_error(error);
        let (_, retry_after, body) = reply.described();
        add(&mut examples, &slug(&error.to_string()), map! { "value" => from_json(body) });
        if retry_after.is_some() && headers.get("Retry-After").is_none() {
            add(&mut headers, "Retry-After", reference("headers", "Retry-After"));
        }
    }
    // What API Gateway can find by itself too, it says in its own form.
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
        401 => "No, bad or expired credentials.",
        403 => "Signed in, but not yours.",
        404 => "No such thing.",
        409 => "Already there.",
        413 => "The body is too large.",
        415 => "Wrong media type.",
        422 => "The body fails validation.",
        429 => "Too many requests.",
        500 => "A bug.",
        503 => "The database or the mail server is away.",
        _ => unreachable!("no error has the status {status}"),
    }
}

/// What every endpoint can answer.
fn responses() -> Node {
    let cause = || "not shown".into();
    let throttled = map! {
        "description" => "All clients together ask too fast: API Gateway refuses.",
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
        "description" => "What API Gateway answers by itself.",
        "type" => "object",
        "required" => vec!["message"],
        "properties" => map! { "message" => map! { "type" => "string" } },
    }
}

fn headers() -> Node {
    map! { "Retry-After" => map! {
        "description" => "In how many seconds to try again. API Gateway's own replies do not have it.",
        "schema" => map! { "type" => "integer", "minimum" => 0 },
        "example" => 30,
    } }
}

fn cookies() -> Node {
    let cookie = |name: &str, description: &str| map! { "type" => "apiKey", "in" => "cookie", "name" => name, "description" => description };
    map! {
        ACCESS => cookie(ACCESS, "Who the caller is, for 15 minutes. `GET /api/refresh` gives the next one."),
        REFRESH => cookie(REFRESH, "The session, for 90 days. It can be used once, but for the 30 seconds after that, so that tabs may refresh at the same time; a copy that is used later ends the session."),
        SIGNUP => cookie(SIGNUP, "That this browser verified an address, for 15 minutes."),
    }
}
