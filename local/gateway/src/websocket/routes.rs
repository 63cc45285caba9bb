//! The routes of a WebSocket API and their functions.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde_json::{Value, json};

use super::connections::Connections;
use super::context::{Closed, Context};
use super::event;
use crate::activity::{Activity, Event};
use crate::ids::gateway_id;
use crate::lambda::{Host, InvokeError, Invoked};
use crate::template::WebSocketRoute;
use crate::throttle::Throttle;

/// The route of frames that select no other route.
const DEFAULT: &str = "$default";

/// The reason why a route has no answer.
pub(super) enum Failure {
    /// Its limit is reached.
    Throttled,
    /// Its function took longer than API Gateway waits.
    TimedOut,
    /// Its function failed.
    Failed,
}

/// The routes, and everything that their invocations need.
pub(super) struct Routes {
    /// The field of a frame that selects the route.
    pub(super) selector: String,
    /// The routes by their keys.
    pub(super) routes: BTreeMap<String, WebSocketRoute>,
    pub(super) throttle: Throttle,
    /// Whether no `$disconnect` is delivered.
    pub(super) loses_disconnects: bool,
    pub(super) host: Host,
    pub(super) connections: Connections,
    pub(super) activity: Activity,
}

impl Routes {
    /// Invokes the function of a route, if the route exists.
    pub(super) async fn invoke(&self, context: &Context, key: &str, event: Value) -> Option<Result<Bytes, Failure>> {
        let route = self.routes.get(key)?;
        let Invoked { answer, report } =
            self.host.invoke_within(&route.function, event.to_string().into(), route.timeout).await;
        self.activity.publish(|| Event::Frame {
            connection_id: context.connection_id.clone(),
            name: key.to_owned(),
            text: event.get("body").and_then(Value::as_str).map(str::to_owned),
            report,
        });
        Some(answer.map_err(|error| match error {
            InvokeError::Abandoned(_) => Failure::TimedOut,
            _ => Failure::Failed,
        }))
    }

    /// Passes a frame to the function of its route. Reports to the client if there is no route or
    /// the function fails.
    pub(super) async fn handle_frame(&self, context: &Context, frame: &str) {
        let id = gateway_id();
        let answer = match self.select(frame) {
            Some(route) if !self.throttle.admits(route) => Some(Err(Failure::Throttled)),
            Some(route) => self.invoke(context, route, event::message(context, route, &id, frame)).await,
            None => None,
        };
        let refusal = match answer {
            Some(Ok(_)) => return,
            Some(Err(Failure::Throttled)) => "Too Many Requests",
            Some(Err(Failure::TimedOut)) => "Endpoint request timed out",
            Some(Err(Failure::Failed)) => "Internal server error",
            None => "Forbidden",
        };
        let refusal = json!({ "message": refusal, "connectionId": context.connection_id, "requestId": id });
        if let Some(connection) = self.connections.get(&context.connection_id) {
            // A client that does not read misses this message too.
            let _ = connection.send(refusal.to_string());
        }
    }

    /// Removes a socket and invokes the function of `$disconnect`. API Gateway delivers this event only
    /// on a best-effort basis
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html>).
    pub(super) async fn handle_disconnect(&self, context: &Context, closed: Closed) {
        self.connections.remove(&context.connection_id);
        if self.loses_disconnects {
            return;
        }
        self.invoke(context, "$disconnect", event::disconnect(context, &closed)).await;
    }

    /// Returns the route that a frame selects: the one whose key is the text of the selecting
    /// field, else `$default`.
    fn select(&self, frame: &str) -> Option<&str> {
        let body = serde_json::from_str::<Value>(frame).ok();
        let key = match body.as_ref().and_then(|body| body.get(&self.selector)) {
            Some(Value::String(key)) => key.clone(),
            Some(other) => other.to_string(),
            None => DEFAULT.to_owned(),
        };
        let is_selectable = |route: &&String| !matches!(route.as_str(), "$connect" | "$disconnect");
        let exact = self.routes.keys().find(|route| **route == key).filter(is_selectable);
        exact.or_else(|| self.routes.keys().find(|route| *route == DEFAULT)).map(String::as_str)
    }
}
