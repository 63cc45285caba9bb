//! `@connections`: the API through which functions reach sockets.
//!
//! The SDK distinguishes errors by the header `x-amzn-ErrorType`.

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::any;
use serde_json::json;

use super::connections::Connections;
use crate::activity::{Activity, Event};

/// The largest message, in bytes.
const MAX_POST: usize = 131_072;

/// Serves the API at `path`, which has the parameter `{id}`.
pub(super) fn router(path: &str, connections: Connections, activity: Activity) -> Router {
    Router::new().route(path, any(answer)).with_state((connections, activity))
}

/// Posts to a socket, describes it, or closes it. The id in the path arrives decoded.
async fn answer(
    State((connections, activity)): State<(Connections, Activity)>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let method = request.method().clone();
    let body = to_bytes(request.into_body(), MAX_POST).await;
    let Some(connection) = connections.get(&id) else {
        return error(StatusCode::GONE, "GoneException");
    };
    match method {
        Method::POST => match body {
            Ok(body) if connection.send(text(&body)) => {
                activity.publish(|| Event::Push { connection_id: id, text: text(&body) });
                StatusCode::OK.into_response()
            }
            Ok(_) => error(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException"),
            Err(_) => error(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException"),
        },
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
