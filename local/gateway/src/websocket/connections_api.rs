//! `@connections`: how functions reach sockets.
//!
//! The SDK tells errors apart by the header `x-amzn-ErrorType`.

use axum::body::{Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;

use super::WebSocketApi;
use crate::activity::Event;

/// The largest message, in bytes.
const MAX_POST: usize = 131_072;

/// Posts to a socket, looks at it, or closes it. The id in the path arrives decoded.
pub(super) async fn answer(State(api): State<WebSocketApi>, Path(id): Path<String>, request: Request) -> Response {
    let method = request.method().clone();
    let body = to_bytes(request.into_body(), MAX_POST).await;
    let Some(socket) = api.sockets().get(&id).cloned() else {
        return error(StatusCode::GONE, "GoneException");
    };
    match method {
        Method::POST => match body {
            Ok(body) if socket.send(text(&body)) => {
                api.0.activity.tell(|| Event::Push { connection_id: id, text: text(&body) });
                StatusCode::OK.into_response()
            }
            Ok(_) => error(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException"),
            Err(_) => error(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException"),
        },
        Method::GET => Json(json!({
            "connectedAt": socket.context.connected_at.iso_8601(),
            "lastActiveAt": socket.last_active().iso_8601(),
            "identity": socket.context.identity(),
        }))
        .into_response(),
        Method::DELETE => {
            socket.close();
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
