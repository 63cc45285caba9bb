//! Routes that no deployment has: the stream of activity, the usage, and Lambda's API.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use futures_util::stream;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use super::api::{HttpApi, refusal};
use crate::activity::Activity;
use crate::lambda::{Host, InvokeError, MAX_PAYLOAD};
use crate::usage::{Meter, Usage};

/// Returns the routes `/_local/activity`, `/_local/usage` and
/// `/2015-03-31/functions/{function}/invocations`.
pub(crate) fn local_routes(api: &HttpApi, activity: Activity, meter: Meter, host: Host) -> Router {
    let activity = Router::new().route("/_local/activity", get(follow)).with_state(activity);
    let usage = Router::new().route("/_local/usage", get(report)).with_state(meter);
    let invocations = Router::new()
        .route("/2015-03-31/functions/{function}/invocations", post(invoke).layer(DefaultBodyLimit::max(MAX_PAYLOAD)))
        .with_state(host);
    api.allow_origins(activity.merge(usage)).merge(invocations)
}

/// Streams all future activity as server-sent events.
async fn follow(State(activity): State<Activity>) -> impl IntoResponse {
    let entries = stream::unfold(activity.subscribe(), async |mut entries| {
        loop {
            match entries.recv().await {
                Ok(entry) => return Some((sse::Event::default().json_data(entry), entries)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Sse::new(entries).keep_alive(KeepAlive::default())
}

/// Answers with what AWS would have billed since the start.
async fn report(State(meter): State<Meter>) -> Json<Usage> {
    Json(meter.usage())
}

/// Invokes a function by Lambda's own API
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>), as `sam local start-lambda`
/// does.
async fn invoke(State(host): State<Host>, Path(function): Path<String>, headers: HeaderMap, event: Bytes) -> Response {
    if !host.has(&function) {
        return refusal(StatusCode::NOT_FOUND, "Function not found");
    }
    match headers.get("x-amz-invocation-type").map_or(b"RequestResponse".as_slice(), HeaderValue::as_bytes) {
        b"RequestResponse" => invoke_and_wait(&host, &function, event).await,
        b"Event" => {
            tokio::spawn(async move { host.deliver(&function, event).await });
            StatusCode::ACCEPTED.into_response()
        }
        b"DryRun" => StatusCode::NO_CONTENT.into_response(),
        _ => refusal(StatusCode::BAD_REQUEST, "InvocationType must be RequestResponse, Event or DryRun"),
    }
}

async fn invoke_and_wait(host: &Host, function: &str, event: Bytes) -> Response {
    match host.invoke(function, event).await.answer {
        Ok(answer) => answer.into_response(),
        Err(InvokeError::Throttled(_)) => {
            let kind = [("x-amzn-errortype", "TooManyRequestsException")];
            let body =
                json!({ "Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded." });
            (StatusCode::TOO_MANY_REQUESTS, kind, Json(body)).into_response()
        }
        Err(error) => {
            let error = Json(json!({ "errorType": "Unhandled", "errorMessage": error.to_string() }));
            ([("x-amz-function-error", "Unhandled")], error).into_response()
        }
    }
}
