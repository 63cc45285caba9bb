//! Serves a route of the WebSocket API.
//!
//! `$connect` answers with a status, which accepts or refuses the handshake. Every other route
//! answers with 200. A failure is reported to the sender as an `error` event. A frame with an
//! `ackId` gets an `ack` event once it is handled. While a part of the function cannot be created, all
//! of them fail with 503.

use std::collections::HashMap;
use std::convert::Infallible;
use std::process::ExitCode;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lambda_runtime::LambdaEvent;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::input;
use super::invocation::{self, Function, run_handler};
use crate::accounts::cookies;
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::ACK_ID_REQUIRED;
use crate::contract::events::ack::{Ack, Answer};
use crate::contract::events::error::ErrorEvent;
use crate::error::{Error, Result};
use crate::sockets::connections::ConnectionId;
use crate::sockets::push::{self, ConnectionsApi};
use crate::values::ack_id::AckId;
use crate::values::deadline::Deadline;

/// The fields of API Gateway's events that are used here
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-lambda-integration.html>).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewayEvent {
    request_context: RequestContext,
    #[serde(default)]
    headers: HashMap<String, String>,
    query_string_parameters: Option<HashMap<String, String>>,
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    connection_id: ConnectionId,
    route_key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GatewayAnswer {
    status_code: u16,
}

/// A WebSocket handshake, before `$connect` has decided.
pub struct Handshake {
    /// The id of the connection.
    pub connection: ConnectionId,
    headers: HashMap<String, String>,
    query: HashMap<String, String>,
}

impl Handshake {
    /// Parses the query parameters.
    ///
    /// # Errors
    /// [`Error::BadParameter`] if one is missing or malformed.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T> {
        input::read_parameters(self.query.clone()).map_err(Error::bad_parameter)
    }

    /// Returns the value of a header. The gateway keeps the client's case, so the comparison
    /// ignores case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Returns the values of all cookies with this name.
    pub fn cookies<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.header("cookie").into_iter().flat_map(move |header| cookies::values(header, name))
    }
}

/// A frame that a client sent.
pub struct Frame {
    /// The connection of the sender.
    pub sender: ConnectionId,
    /// The time until which the frame may have an effect.
    pub deadline: Deadline,
    /// The parsed frame. `null` if it is not JSON.
    content: Value,
}

impl Frame {
    fn new(sender: ConnectionId, text: &str) -> Self {
        Self { sender, deadline: Deadline::of_request(), content: serde_json::from_str(text).unwrap_or_default() }
    }

    /// Parses the JSON object in the frame.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the frame is not an object, or a field is missing or malformed.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        if !self.content.is_object() {
            return Err(Error::invalid("the frame must be a JSON object"));
        }
        input::read(&self.content).map_err(Error::invalid)
    }

    /// Returns the action that the frame names, if any.
    pub fn action(&self) -> Option<&str> {
        self.content.get("action")?.as_str()
    }

    /// Checks that the sender requests an answer, for actions that have no other effect.
    ///
    /// # Errors
    /// [`ACK_ID_REQUIRED`].
    pub fn require_ack_id(&self) -> Result<()> {
        self.ack_id()?.map(|_| ()).ok_or(ACK_ID_REQUIRED)
    }

    /// Returns the `ackId`, if the sender requests an answer.
    fn ack_id(&self) -> Result<Option<AckId>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields {
            ack_id: Option<AckId>,
        }
        // The handler refuses a frame that is not an object.
        if self.content.is_object() { self.read().map(|Fields { ack_id }| ack_id) } else { Ok(None) }
    }
}

/// Serves the `$connect` route. The handshake is accepted if `handler` returns `Ok`.
///
/// Returns if the runtime stops. The reason is logged.
pub async fn serve_connect<P, F, Fut>(handler: F) -> ExitCode
where
    P: FromEnv + Sync + 'static,
    F: Fn(&'static P, Handshake) -> Fut,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    serve_events(async |parts: Result<&'static P>, event: GatewayEvent| {
        let handshake = Handshake {
            connection: event.request_context.connection_id,
            headers: event.headers,
            query: event.query_string_parameters.unwrap_or_default(),
        };
        status(async { run_handler(handler(parts?, handshake)).await }.await)
    })
    .await
}

/// Serves the `$disconnect` route. The client is gone, so errors are only logged.
///
/// Returns if the runtime stops. The reason is logged.
pub async fn serve_disconnect<P, F, Fut>(handler: F) -> ExitCode
where
    P: FromEnv + Sync + 'static,
    F: Fn(&'static P, ConnectionId) -> Fut,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    serve_events(async |parts: Result<&'static P>, event: GatewayEvent| {
        let closed = event.request_context.connection_id;
        status(async { run_handler(handler(parts?, closed)).await }.await)
    })
    .await
}

/// A frame that was handled.
pub struct Handled {
    answer: Answer,
    rest: Option<BoxFuture<'static, Result<()>>>,
}

impl Handled {
    /// Adds work that the sender does not wait for. Its failures are only logged.
    pub fn and(self, rest: impl Future<Output = Result<()>> + Send + 'static) -> Self {
        Self { rest: Some(rest.boxed()), ..self }
    }
}

impl<A: Into<Answer>> From<A> for Handled {
    fn from(answer: A) -> Self {
        Self { answer: answer.into(), rest: None }
    }
}

/// Serves a route that receives frames, and answers the sender. The answer of the handler is sent
/// if the frame has an `ackId`.
///
/// Returns if the runtime stops. The reason is logged.
pub async fn serve<P, F, Fut, A>(handler: F) -> ExitCode
where
    P: FromEnv + Sync + 'static,
    F: Fn(&'static P, Frame) -> Fut,
    Fut: Future<Output = Result<A>> + Send + 'static,
    A: Into<Handled> + Send + 'static,
{
    serve_events(async |function: Result<&'static WithReplies<P>>, event| {
        let RequestContext { connection_id: sender, route_key } = event.request_context;
        let frame = Frame::new(sender.clone(), &event.body.unwrap_or_default());
        let action = if route_key == "$default" { frame.action().map(str::to_owned) } else { Some(route_key) };
        let WithReplies { parts, api } = match function {
            Ok(function) => function,
            Err(error) => {
                // Perhaps another part is the one that cannot be created.
                if let Ok(api) = ConnectionsApi::from_env(&Environment::default()).await {
                    let ack_id = frame.ack_id().unwrap_or_default();
                    let _ = api.post(&sender, &ErrorEvent::new(action, ack_id, &error)).await;
                }
                return 200;
            }
        };
        let (ack_id, result) = match frame.ack_id() {
            Ok(ack_id) => (ack_id, run_handler(handler(parts, frame)).await),
            Err(error) => (None, Err(error)),
        };
        let Handled { answer, rest } = match result {
            Ok(handled) => handled.into(),
            Err(error) => {
                // A sender who has left needs no answer, and `post` logs its failures.
                let _ = api.post(&sender, &ErrorEvent::new(action, ack_id, &error)).await;
                return 200;
            }
        };
        let acknowledge = async {
            if let Some(ack_id) = ack_id {
                let _ = api.post(&sender, &Ack { ack_id, answer }).await;
            }
        };
        // Lambda freezes the process once it has answered, so both must end before.
        let finish = async {
            if let Some(rest) = rest {
                let _ = run_handler(rest).await;
            }
        };
        tokio::join!(acknowledge, finish);
        200
    })
    .await
}

/// The parts of a function, and the API through which it answers.
struct WithReplies<P> {
    parts: P,
    api: ConnectionsApi,
}

impl<P: FromEnv> FromEnv for WithReplies<P> {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        environment.require_permission(push::POST);
        Ok(Self { parts: P::from_env(environment).await?, api: environment.shared().await? })
    }
}

/// Answers events with the status that `handler` returns. It receives an error if the parts cannot be
/// created, which is logged.
async fn serve_events<P: FromEnv + 'static>(
    handler: impl AsyncFn(Result<&'static P>, GatewayEvent) -> u16,
) -> ExitCode {
    let function = match Function::start().await {
        Ok(function) => function,
        Err(code) => return code,
    };
    invocation::run(async |event: LambdaEvent<GatewayEvent>| {
        let status_code = handler(function.parts().await, event.payload).await;
        Ok::<_, Infallible>(GatewayAnswer { status_code })
    })
    .await
}

fn status(result: Result<()>) -> u16 {
    result.err().map_or(200, |error| error.status())
}
