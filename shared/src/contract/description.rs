//! The building blocks of the descriptions of endpoints, actions and events.
//!
//! Nothing here runs in a function. The tool in `tools/api-docs` turns the descriptions into
//! OpenAPI, AsyncAPI and Markdown.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::reply::{self, MessageOutput};
use super::{errors, frame, limits};
use crate::error::Error;

/// A group of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Users and sessions.
    SigningIn,
    /// The directory.
    People,
    /// Direct chats and their messages.
    Chats,
    /// Access to the WebSocket API.
    Sockets,
}

impl Tag {
    /// Returns the name that the reference shows.
    pub fn name(self) -> &'static str {
        match self {
            Self::SigningIn => "Signing in",
            Self::People => "People",
            Self::Chats => "Chats",
            Self::Sockets => "Sockets",
        }
    }
}

/// A type that goes over the wire, with an example.
pub struct Type {
    /// The name of its schema.
    pub name: fn() -> Cow<'static, str>,
    /// Adds the schema, and those that it refers to, to a generator.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// An example, as JSON.
    pub example: String,
    /// Parses JSON as this type. Fails with a message, or if the type is an output.
    pub parse: fn(&str) -> Result<(), String>,
}

impl Type {
    /// Describes an input.
    pub(super) fn input<T: JsonSchema + DeserializeOwned>(example: &str) -> Self {
        Self {
            name: T::schema_name,
            schema: |generator| generator.subschema_for::<T>(),
            example: example.to_owned(),
            parse: |text| serde_json::from_str::<T>(text).map(drop).map_err(|error| error.to_string()),
        }
    }

    /// Describes an output.
    fn output<T: JsonSchema>(example: String) -> Self {
        Self {
            name: T::schema_name,
            schema: |generator| generator.subschema_for::<T>(),
            example,
            parse: |_| Err("an output is never parsed".to_owned()),
        }
    }
}

/// The input of an endpoint.
pub enum Input {
    /// The endpoint takes no input.
    Nothing,
    /// Query parameters. The example is a JSON object of strings.
    Query(Type),
    /// A JSON object.
    Json(Type),
    /// The fields of a JSON object, as JSON or as a form with a photo.
    Form(Type),
    /// The id of a photo, in the path.
    Photo,
}

/// The output of an endpoint.
pub enum Output {
    /// A JSON object.
    Json(Type),
    /// A 204 without a body.
    NoContent,
    /// A photo.
    Photo,
}

/// The effect of replies on the cookies of the browser. Empty texts mean no effect.
#[derive(Default)]
pub struct CookieEffect {
    /// The effect of a success.
    pub success: &'static str,
    /// The effect of a reply with status 401.
    pub unauthorized: &'static str,
}

/// The description of an endpoint of the HTTP API.
pub struct Endpoint {
    /// The HTTP method.
    pub method: &'static str,
    /// The path, as in the template.
    pub path: &'static str,
    /// The group.
    pub tag: Tag,
    /// The purpose, in one line.
    pub summary: &'static str,
    /// The accepted callers, for readers.
    pub callers: &'static str,
    /// The accepted cookies, each of which suffices. `None` means that no cookie is needed.
    pub credentials: Vec<Option<&'static str>>,
    /// The input.
    pub input: Input,
    /// Notes on fields of the input, by name, in addition to the limits of their schemas.
    pub notes: Vec<(&'static str, &'static str)>,
    /// The effect and the output, for readers.
    pub effect: &'static str,
    /// The possible outputs of a success.
    pub outputs: Vec<Output>,
    /// The effect on cookies.
    pub cookies: CookieEffect,
    /// The possible errors, in addition to those that all endpoints share.
    pub errors: Vec<Error>,
}

impl Endpoint {
    /// Starts the description of an endpoint that anyone may call.
    pub(super) fn new(method: &'static str, path: &'static str, tag: Tag, summary: &'static str) -> Self {
        Self {
            method,
            path,
            tag,
            summary,
            callers: "anyone",
            credentials: vec![None],
            input: Input::Nothing,
            notes: Vec::new(),
            effect: "",
            outputs: Vec::new(),
            cookies: CookieEffect::default(),
            errors: Vec::new(),
        }
    }

    /// Sets who may call the endpoint, and with which cookies.
    pub(super) fn callers(
        mut self,
        callers: &'static str,
        credentials: impl IntoIterator<Item = Option<&'static str>>,
    ) -> Self {
        self.callers = callers;
        self.credentials = credentials.into_iter().collect();
        self
    }

    /// Sets the input to query parameters.
    pub(super) fn query<T: JsonSchema + DeserializeOwned>(mut self, example: &str) -> Self {
        self.input = Input::Query(Type::input::<T>(example));
        self
    }

    /// Sets the input to a JSON body. Adds the errors for a body that is too large or not JSON.
    pub(super) fn json<T: JsonSchema + DeserializeOwned>(mut self, example: &str) -> Self {
        self.input = Input::Json(Type::input::<T>(example));
        self.fails([Error::TooLarge(limits::MAX_BODY_BYTES), errors::NOT_JSON])
    }

    /// Sets the input to a JSON body, or a form with the same fields and a photo.
    pub(super) fn form<T: JsonSchema + DeserializeOwned>(self, example: &str) -> Self {
        let endpoint = self.json::<T>(example).fails([Error::TooLarge(limits::MAX_PHOTO_BYTES), errors::NOT_A_PHOTO]);
        match endpoint.input {
            Input::Json(body) => Self { input: Input::Form(body), ..endpoint },
            _ => endpoint,
        }
    }

    /// Sets the input to the id of a photo in the path.
    pub(super) fn photo_path(mut self) -> Self {
        self.input = Input::Photo;
        self
    }

    /// Adds a note on a field of the input.
    pub(super) fn note(mut self, field: &'static str, note: &'static str) -> Self {
        self.notes.push((field, note));
        self
    }

    /// Sets the text about the effect and the output.
    pub(super) fn effect(mut self, effect: &'static str) -> Self {
        self.effect = effect;
        self
    }

    /// Adds a JSON object as an output.
    pub(super) fn returns<T: JsonSchema + Serialize>(mut self, example: T) -> Self {
        let example = reply::success(example).unwrap_or_default();
        self.outputs.push(Output::Json(Type::output::<T>(example)));
        self
    }

    /// Adds an output that is only a message.
    pub(super) fn returns_message(self, message: &str) -> Self {
        self.returns(MessageOutput { message: message.to_owned() })
    }

    /// Adds an output other than JSON.
    pub(super) fn returns_other(mut self, output: Output) -> Self {
        self.outputs.push(output);
        self
    }

    /// Sets the effect of a success on the cookies.
    pub(super) fn sets_cookies(mut self, effect: &'static str) -> Self {
        self.cookies.success = effect;
        self
    }

    /// Sets the effect of a 401 on the cookies.
    pub(super) fn clears_cookies_on_401(mut self, effect: &'static str) -> Self {
        self.cookies.unauthorized = effect;
        self
    }

    /// Adds errors.
    pub(super) fn fails(mut self, errors: impl IntoIterator<Item = Error>) -> Self {
        self.errors.extend(errors);
        self
    }

    /// Adds errors about a body that fails validation.
    pub(super) fn invalid(self, messages: impl IntoIterator<Item = &'static str>) -> Self {
        self.fails(messages.into_iter().map(Error::invalid))
    }

    /// Adds errors about a query that fails validation.
    pub(super) fn bad_parameter(self, messages: impl IntoIterator<Item = &'static str>) -> Self {
        self.fails(messages.into_iter().map(Error::bad_parameter))
    }
}

/// The description of an action that clients send over a socket.
pub struct Action {
    /// The name of the action, which is the key of its route.
    pub name: &'static str,
    /// The purpose, in one line.
    pub summary: &'static str,
    /// The effect, for readers.
    pub effect: &'static str,
    /// The fields of the frame besides `action` and `ackId`.
    pub input: Type,
}

/// The description of an event that clients receive over a socket.
pub struct Event {
    /// The name of the event.
    pub name: &'static str,
    /// The purpose, in one line.
    pub summary: &'static str,
    /// The fields of the frame besides `event`. The example is a whole frame.
    pub output: Type,
}

impl Event {
    /// Describes an event with an example.
    pub(super) fn new<E: frame::Event + JsonSchema>(summary: &'static str, example: &E) -> Self {
        Self { name: E::NAME, summary, output: Type::output::<E>(frame::json(example).unwrap_or_default()) }
    }
}
