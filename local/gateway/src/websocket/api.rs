//! The WebSocket API of API Gateway.

mod connections_api;
mod event;
mod socket;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::any;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::activity::{Activity, Event};
use crate::clock::Now;
use crate::ids::gateway_id;
use crate::lambda::{Host, Invoked};
use crate::template;
use event::Context;
use socket::{Closed, Handle, Limits};

/// The gateway.
#[derive(Clone)]
pub(crate) struct WebSocketApi(Arc<Inner>);

struct Inner {
    stage: String,
    selector: String,
    routes: BTreeMap<String, String>,
    /// The host and port that clients use.
    domain: String,
    host: Host,
    limits: Limits,
    sockets: Mutex<HashMap<String, Handle>>,
    activity: Activity,
}

impl WebSocketApi {
    /// A gateway for this API, reached at `domain`.
    ///
    /// Its clocks run `time_scale` times as fast as API Gateway's.
    pub(crate) fn new(
        api: template::WebSocketApi,
        domain: String,
        host: Host,
        activity: Activity,
        time_scale: u32,
    ) -> Self {
        let template::WebSocketApi { stage, selector, routes } = api;
        let limits = Limits::scaled(time_scale);
        Self(Arc::new(Inner { stage, selector, routes, domain, host, limits, sockets: Mutex::default(), activity }))
    }

    /// Serves it on `listener` for as long as it is polled.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let stage = format!("/{}", self.0.stage);
        let app = Router::new()
            .route(&stage, any(connect))
            .route(&format!("{stage}/@connections/{{id}}"), any(connections_api::answer))
            .fallback(async || refusal(StatusCode::FORBIDDEN, "Forbidden"))
            .with_state(self)
            .into_make_service_with_connect_info::<SocketAddr>();
        // It ends with an error only if the listener does.
        let _ = axum::serve(listener, app).await;
    }

    fn sockets(&self) -> MutexGuard<'_, HashMap<String, Handle>> {
        self.0.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Invokes the function of a route, if the route exists.
    async fn invoke(&self, context: &Context, route: &str, event: Value) -> Option<Result<Bytes, ()>> {
        let function = self.0.routes.get(route)?;
        let Invoked { answer, report } = self.0.host.invoke(function, event.to_string().into()).await;
        self.0.activity.tell(|| Event::Frame {
            connection_id: context.connection_id.clone(),
            name: route.to_owned(),
            text: event.get("body").and_then(Value::as_str).map(str::to_owned),
            report,
        });
        Some(answer.map_err(drop))
    }

    /// The route that a frame selects: the text of its selecting field where a route has that key.
    fn select(&self, frame: &str) -> Option<&str> {
        let body = serde_json::from_str::<Value>(frame).ok();
        let key = match body.as_ref().and_then(|body| body.get(&self.0.selector)) {
            Some(Value::String(key)) => key.clone(),
            Some(other) => other.to_string(),
            None => "$default".to_owned(),
        };
        let selectable = |route: &&String| !matches!(route.as_str(), "$connect" | "$disconnect");
        let exact = self.0.routes.keys().find(|route| **route == key).filter(selectable);
        exact.or_else(|| self.0.routes.keys().find(|route| *route == "$default")).map(String::as_str)
    }

    /// Passes a frame to the function of its route, and tells the client when there is none or it fails.
    async fn message(&self, context: &Context, frame: &str) {
        let id = gateway_id();
        let answered = match self.select(frame) {
            Some(route) => self.invoke(context, route, event::message(context, route, &id, frame)).await,
            None => None,
        };
        let refusal = match answered {
            Some(Ok(_)) => return,
            Some(Err(())) => "Internal server error",
            None => "Forbidden",
        };
        let refusal = json!({ "message": refusal, "connectionId": context.connection_id, "requestId": id });
        if let Some(socket) = self.sockets().get(&context.connection_id) {
            // A client that does not read misses this too.
            let _ = socket.send(refusal.to_string());
        }
    }

    /// Forgets a socket and tells the function of `$disconnect`.
    async fn disconnected(&self, context: &Context, closed: Closed) {
        self.sockets().remove(&context.connection_id);
        self.invoke(context, "$disconnect", event::disconnect(context, &closed)).await;
    }
}

/// A client asks for a socket. The answer of `$connect` decides, and only then does the socket exist.
async fn connect(
    State(api): State<WebSocketApi>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response {
    let Some(accept) = accept_key(&request) else {
        return refusal(StatusCode::UPGRADE_REQUIRED, "Upgrade Required");
    };
    let context = Context {
        connection_id: gateway_id(),
        connected_at: Now::get(),
        source_ip: peer.ip().to_string(),
        user_agent: request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_owned),
        stage: api.0.stage.clone(),
        domain: api.0.domain.clone(),
    };
    let protocol = match api.invoke(&context, "$connect", event::connect(&context, &request)).await {
        None => None,
        Some(Ok(answer)) => match ConnectAnswer::read(&answer) {
            Some(answer) if (200..300).contains(&answer.status_code) => answer.protocol(),
            Some(answer) => return refusal_of_connect(answer.status_code),
            None => return refusal_of_connect(502),
        },
        Some(Err(())) => return refusal_of_connect(502),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    socket::open(api, context, upgrade);
    switching_protocols(&accept, protocol)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConnectAnswer {
    status_code: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
}

impl ConnectAnswer {
    /// Only an object is an answer; the derived implementation would take an array too.
    fn read(json: &[u8]) -> Option<Self> {
        let object: serde_json::Map<String, Value> = serde_json::from_slice(json).ok()?;
        serde_json::from_value(Value::Object(object)).ok()
    }

    /// The one header of a `$connect` answer that reaches the client.
    fn protocol(&self) -> Option<HeaderValue> {
        let (_, value) = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))?;
        HeaderValue::from_str(value).ok()
    }
}

fn refusal_of_connect(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    refusal(status, status.canonical_reason().unwrap_or_default())
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

/// What the client's handshake has to be answered with (RFC 6455, section 4.2.2), if it is one.
fn accept_key(request: &Request) -> Option<String> {
    let headers = request.headers();
    let asks_for_websocket = request.method() == Method::GET
        && has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket")
        && has_token(headers, header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asks_for_websocket)?;
    Some(derive_accept_key(key.as_bytes()))
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
}

fn switching_protocols(accept: &str, protocol: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}
