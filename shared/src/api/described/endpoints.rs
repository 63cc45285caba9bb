//! How an endpoint of the HTTP API is described.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::document::{Node, from_json};
use super::schemas::Schemas;
use crate::api::MessageOutput;
use crate::error::Error;
use crate::http::{MAX_BODY_BYTES, Reply};
use crate::input;

/// An endpoint.
#[derive(Default)]
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// The template's name of the function.
    pub(super) function: &'static str,
    pub(super) tag: &'static str,
    /// What it is for, in one line.
    pub(super) summary: &'static str,
    /// Who may call it.
    pub(super) who: &'static str,
    /// The cookies any one of which lets a caller in; the empty name stands for none.
    pub(super) cookies: &'static [&'static str],
    pub(super) takes: Takes,
    /// What the README says about fields, by name, beside the limits that it takes from their schemas.
    pub(super) notes: &'static [(&'static str, &'static str)],
    /// What it does and gives, and what else there is to know.
    pub(super) effect: &'static str,
    pub(super) gives: Vec<Gives>,
    pub(super) sets: Sets,
    /// The ways in which it can fail, beyond what every endpoint can.
    pub(super) fails: Vec<Error>,
}

/// What the replies do to the browser's cookies; empty for nothing.
#[derive(Default)]
pub(super) struct Sets {
    pub(super) with_success: &'static str,
    pub(super) with_401: &'static str,
}

/// What an endpoint takes.
#[derive(Default)]
pub(super) enum Takes {
    #[default]
    Nothing,
    Query(Vec<Parameter>),
    /// A JSON object.
    Json(Body),
    /// The fields of a JSON object, as JSON or as a form with a photo.
    Form(Body),
    /// The name of a photo, in the path.
    Photo,
}

/// A query parameter.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) schema: Value,
    pub(super) required: bool,
    pub(super) example: Option<Node>,
}

/// A body, with an example of it.
pub(super) struct Body {
    pub(super) schema: Node,
    pub(super) example: Node,
}

/// A way in which an endpoint succeeds.
pub(super) enum Gives {
    Json(Body),
    NoContent,
    Photo,
}

/// Query parameters; the example is a JSON object of texts.
pub(super) fn query<T: JsonSchema + DeserializeOwned>(schemas: &mut Schemas, example: &str) -> Takes {
    input::read_json::<T>(example.as_bytes()).map_err(|error| format!("{example}: {error}")).unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    let parameters = schemas.properties::<T>().into_iter().map(|(name, schema, required)| {
        // In an address everything is text; in the description a number is a number.
        let example = example[&name].as_str().map(|text| match text.parse::<u32>() {
            Ok(number) => number.into(),
            Err(_) => text.into(),
        });
        Parameter { name, schema, required, example }
    });
    Takes::Query(parameters.collect())
}

/// A JSON body; the example has to be one that the function reads.
pub(super) fn body<T: JsonSchema + DeserializeOwned>(schemas: &mut Schemas, example: &str) -> Body {
    input::read_json::<T>(example.as_bytes()).map_err(|error| format!("{example}: {error}")).unwrap();
    Body { schema: schemas.taken::<T>(), example: from_json(example) }
}

/// A successful reply, as the function makes it.
pub(super) fn reply<T: JsonSchema + Serialize>(schemas: &mut Schemas, example: T) -> Gives {
    let reply = Reply::ok(example).unwrap();
    Gives::Json(Body { schema: schemas.reply::<T>(), example: from_json(reply.described().2) })
}

/// A reply that has nothing but a message.
pub(super) fn says(schemas: &mut Schemas, message: &str) -> Gives {
    reply(schemas, MessageOutput { message: message.to_owned() })
}

/// How a JSON body can be wrong: too long, of another kind, or with what `examples` say.
pub(super) fn wrong_body<const N: usize>(examples: [&str; N]) -> Vec<Error> {
    let mut fails =
        vec![Error::TooLarge(MAX_BODY_BYTES), Error::UnsupportedMedia("the body must be sent as application/json")];
    fails.extend(examples.map(|message| Error::Invalid(message.to_owned())));
    fails
}

/// How an `access-key` can be wrong.
pub(super) fn no_access() -> Error {
    Error::Unauthorized("there is no valid access-key: refresh, or sign in")
}

/// How a `refresh-key` can be wrong.
pub(super) fn no_refresh() -> Error {
    Error::Unauthorized("there is no valid refresh-key: sign in")
}

/// How a chat can be wrong.
pub(super) fn wrong_chat() -> [Error; 2] {
    [Error::Forbidden("you are not a member of this chat"), Error::NotFound("there is no such chat".into())]
}

/// How a query can be wrong.
pub(super) fn wrong_query<const N: usize>(examples: [&str; N]) -> impl Iterator<Item = Error> {
    examples.into_iter().map(|message| Error::BadParameter(message.to_owned()))
}

/// Too many codes.
pub(super) fn too_many() -> Error {
    Error::TooMany { retry_after: Duration::from_secs(30) }
}
