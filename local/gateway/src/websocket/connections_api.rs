//! `@connections`: the API through which functions reach sockets. Each request must be signed, and
//! a policy must allow it
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html>).
//!
//! The SDK distinguishes errors by the header `x-amzn-ErrorType`.

use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::any;
use serde_json::json;

use super::routes::Routes;
use crate::activity::Event;
use crate::iam::{Identities, Refused};

/// The largest message, in bytes.
const MAX_POST: usize = 131_072;

/// The API of one stage.
#[derive(Clone)]
pub(super) struct ConnectionsApi {
    /// The logical id of the WebSocket API.
    pub(super) api: String,
    pub(super) stage: String,
    pub(super) routes: Arc<Routes>,
    pub(super) identities: Identities,
}

impl ConnectionsApi {
    /// Returns its only route.
    pub(super) fn router(self) -> Router {
        Router::new().route(&format!("/{}/@connections/{{id}}", self.stage), any(answer)).with_state(self)
    }

    /// Checks the signature of a request and the policies of its sender.
    fn authorize(&self, head: &Parts, body: &[u8], id: &str) -> Result<(), Refused> {
        let path = format!("{}/{}/@connections/{id}", self.stage, head.method);
        self.identities.verify(head, body)?.may_manage_connections(&self.api, &path)
    }
}

/// Posts to a socket, describes it, or closes it. The id in the path arrives decoded.
async fn answer(State(api): State<ConnectionsApi>, Path(id): Path<String>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_POST).await else {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException");
    };
    if let Err(Refused { kind, message }) = api.authorize(&head, &body, &id) {
        println!("[@connections] {message}");
        return (StatusCode::FORBIDDEN, [("x-amzn-errortype", kind)], Json(json!({ "message": message })))
            .into_response();
    }
    if !api.routes.throttle.admits_unrouted() {
        return error(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException");
    }
    let Some(connection) = api.routes.connections.get(&id) else {
        return error(StatusCode::GONE, "GoneException");
    };
    match head.method {
        Method::POST => {
            if !connection.send(text(&body)) {
                return error(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException");
            }
            api.routes.activity.publish(|| Event::Push { connection_id: id, text: text(&body) });
            StatusCode::OK.into_response()
        }
        Method::GET => Json(json!({
            "connectedAt": connection.context.connected_at.iso_8601(),
            "lastActiveAt": connection.last_active().iso_8601(),
            "identity": connection.context.identity(),
        }))
        .into_response(),
        Method::DELETE => {
            connection.close();
            StatusCode::NO_CONTENT.into_response()
        }
        _ => error(StatusCode::FORBIDDEN, "ForbiddenException"),
    }
}

fn text(body: &Bytes) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn error(status: StatusCode, kind: &str) -> Response {
    (status, [("x-amzn-errortype", kind)], Json(json!({ "message": status.canonical_reason() }))).into_response()
}
