//! Serving one route of the WebSocket API.
//!
//! `$connect` answers with a status, which decides whether the socket is opened. Every other route answers with 200. What
//! cannot be done is told to the sender by an `error` event, and what is done by an `ack` event where the frame has an `ackId`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{AckId, Event};
use crate::config::ConfigError;
use crate::connections::ConnectionId;
use crate::cookies;
use crate::error::{Error, Result};
use crate::http::guard;
use crate::input;
use crate::invocation;
use crate::push::ConnectionsApi;

/// What API Gateway tells of an event
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-lambda-integration.html>); the rest is not needed.
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

/// Somebody wants to open a socket.
pub struct Opening {
    /// The socket's name.
    pub connection: ConnectionId,
    headers: HashMap<String, String>,
    query: HashMap<String, String>,
}

impl Opening {
    /// The query parameters.
    ///
    /// # Errors
    /// [`Error::BadParameter`] when one is missing or malformed.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T> {
        input::read_parameters(self.query.clone()).map_err(Error::BadParameter)
    }

    /// The value of a header, whatever the case of its name: the gateway hands on what the client wrote.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The values of all cookies of this name.
    pub fn cookies<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.header("cookie").into_iter().flat_map(move |header| cookies::values(header, name))
    }
}

/// What somebody sent over an open socket.
pub struct Frame {
    /// The socket that it came from.
    pub sender: ConnectionId,
    /// `null` for what is no JSON.
    content: Value,
}

impl Frame {
    fn new(sender: ConnectionId, text: &str) -> Self {
        Self { sender, content: serde_json::from_str(text).unwrap_or_default() }
    }

    /// The JSON object in the frame.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none, or a field is missing or wrong.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        if !self.content.is_object() {
            return Err(Error::Invalid("the frame must be a JSON object".to_owned()));
        }
        input::read(&self.content).map_err(Error::Invalid)
    }

    /// The action that the frame asks for, if it is an object that names one.
    pub fn action(&self) -> Option<&str> {
        self.content.get("action")?.as_str()
    }

    /// The number under which the sender wants to be told that it is done.
    fn ack_id(&self) -> Result<Option<AckId>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wanted {
            ack_id: Option<AckId>,
        }
        // What is no object has none, and is the handler's to refuse.
        if self.content.is_object() { self.read().map(|Wanted { ack_id }| ack_id) } else { Ok(None) }
    }
}

/// Serves the `$connect` route: the socket is opened if `handler` has nothing against it.
pub async fn serve_connect<A, F, Fut>(parts: impl Future<Output = Result<A, ConfigError>>, handler: F) -> ExitCode
where
    A: Send + Sync + 'static,
    F: Fn(Arc<A>, Opening) -> Fut,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    run(parts, async |app, event| {
        let opening = Opening {
            connection: event.request_context.connection_id,
            headers: event.headers,
            query: event.query_string_parameters.unwrap_or_default(),
        };
        guard(handler(app, opening)).await.err().map_or(200, |error| error.status())
    })
    .await
}

/// Serves the `$disconnect` route. Nobody is there any more to be told of an error.
pub async fn serve_disconnect<A, F, Fut>(parts: impl Future<Output = Result<A, ConfigError>>, handler: F) -> ExitCode
where
    A: Send + Sync + 'static,
    F: Fn(Arc<A>, ConnectionId) -> Fut,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    run(parts, async |app, event| {
        guard(handler(app, event.request_context.connection_id)).await.err().map_or(200, |error| error.status())
    })
    .await
}

/// Serves a route that clients send frames to. `parts` are built around the API that also carries answers back to the sender.
pub async fn serve<A, F, Fut>(parts: impl AsyncFnOnce(ConnectionsApi) -> Result<A, ConfigError>, handler: F) -> ExitCode
where
    A: Send + Sync + 'static,
    F: Fn(Arc<A>, Frame) -> Fut,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    let parts = async {
        let api = ConnectionsApi::from_env()?;
        Ok((Arc::new(parts(api.clone()).await?), api))
    };
    run(parts, async |app, event| {
        let (app, api) = app.as_ref();
        let RequestContext { connection_id: sender, route_key } = event.request_context;
        let frame = Frame::new(sender.clone(), &event.body.unwrap_or_default());
        let action = if route_key == "$default" { frame.action().map(str::to_owned) } else { Some(route_key) };
        let (ack_id, result) = match frame.ack_id() {
            Ok(ack_id) => (ack_id, guard(handler(Arc::clone(app), frame)).await),
            Err(error) => (None, Err(error)),
        };
        let answer = match result {
            Ok(()) => ack_id.map(|ack_id| Event::Ack { ack_id }),
            Err(error) => Some(Event::Error { action, status: error.status(), message: error.to_string(), ack_id }),
        };
        if let Some(answer) = answer {
            // A sender who is gone by now needs no answer, and a failed post is logged.
            let _ = api.post(&sender, &answer).await;
        }
        200
    })
    .await
}

/// Answers events with the status that `handler` gives, for as long as Lambda keeps this process.
async fn run<A>(
    parts: impl Future<Output = Result<A, ConfigError>>,
    handler: impl AsyncFn(Arc<A>, GatewayEvent) -> u16,
) -> ExitCode {
    let answer = async |app, event| Ok::<_, Infallible>(GatewayAnswer { status_code: handler(app, event).await });
    invocation::serve(parts, answer).await
}
