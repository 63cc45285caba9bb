//! Serves the WebSocket API.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::connections::Connections;
use super::connections_api::ConnectionsApi;
use super::context::Context;
use super::event;
use super::handshake::{ConnectAnswer, accept_key, refusal, refused_by_connect, switching_protocols};
use super::routes::{Failure, Routes};
use super::socket::{self, Limits};
use crate::activity::Activity;
use crate::clock::Now;
use crate::iam::Identities;
use crate::ids::gateway_id;
use crate::lambda::Host;
use crate::listeners::prompt;
use crate::template;
use crate::throttle::Throttle;
use crate::usage::Meter;

/// A socket from its handshake to its end.
type Socket = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The WebSocket API of the template.
pub(crate) struct WebSocketApi {
    /// The logical id, which stands for the id of the API.
    name: String,
    stage: String,
    /// The host and port that clients use.
    domain: String,
    limits: Limits,
    routes: Arc<Routes>,
    identities: Identities,
}

/// The parts of the gateway that an API uses.
pub(crate) struct Surroundings {
    pub(crate) host: Host,
    pub(crate) activity: Activity,
    pub(crate) meter: Meter,
    pub(crate) identities: Identities,
    pub(crate) throttle: Throttle,
    /// Whether no `$disconnect` is delivered.
    pub(crate) loses_disconnects: bool,
    /// The factor by which the clocks of sockets run faster than API Gateway's.
    pub(crate) time_scale: u32,
}

/// The state that all handshakes share.
#[derive(Clone)]
struct Handshakes {
    api: Arc<WebSocketApi>,
    opened: mpsc::UnboundedSender<Socket>,
}

impl WebSocketApi {
    /// Creates an API that clients reach at `domain`.
    pub(crate) fn new(api: template::WebSocketApi, domain: String, surroundings: Surroundings) -> Self {
        let template::WebSocketApi { name, stage, selector, routes, .. } = api;
        let Surroundings { host, activity, meter, identities, throttle, loses_disconnects, time_scale } = surroundings;
        let connections = Connections::new(meter);
        let routes = Arc::new(Routes { selector, routes, throttle, loses_disconnects, host, connections, activity });
        Self { name, stage, domain, limits: Limits::scaled(time_scale), routes, identities }
    }

    /// Serves the API for as long as it is polled. Dropping the future closes all sockets.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let stage = format!("/{}", self.stage);
        let connections = ConnectionsApi {
            api: self.name.clone(),
            stage: self.stage.clone(),
            routes: Arc::clone(&self.routes),
            identities: self.identities.clone(),
        };
        let (opened, mut sockets) = mpsc::unbounded_channel();
        let app = Router::new()
            .route(&stage, any(connect))
            .with_state(Handshakes { api: Arc::new(self), opened })
            .merge(connections.router())
            .fallback(async || refusal(StatusCode::FORBIDDEN, "Forbidden"))
            .into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(prompt(listener), app).into_future();
        tokio::pin!(server);
        let mut open = JoinSet::new();
        loop {
            tokio::select! {
                // Serving fails only if the listener fails.
                _ = &mut server => return,
                Some(socket) = sockets.recv() => drop(open.spawn(socket)),
                Some(_) = open.join_next() => {}
            }
        }
    }
}

/// Answers a handshake. The socket exists only once the function of `$connect` has accepted it.
async fn connect(
    State(Handshakes { api, opened }): State<Handshakes>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response {
    let Some(accept_key) = accept_key(&request) else {
        return refusal(StatusCode::UPGRADE_REQUIRED, "Upgrade Required");
    };
    if !api.routes.throttle.admits_socket() || !api.routes.throttle.admits("$connect") {
        return refusal(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    }
    let context = Context {
        connection_id: gateway_id(),
        connected_at: Now::get(),
        source_ip: peer.ip().to_string(),
        user_agent: request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_owned),
        stage: api.stage.clone(),
        domain: api.domain.clone(),
    };
    let protocol = match api.routes.invoke(&context, "$connect", event::connect(&context, &request)).await {
        None => None,
        Some(Ok(answer)) => match ConnectAnswer::read(&answer) {
            Some(answer) if (200..300).contains(&answer.status_code) => answer.protocol(),
            Some(answer) => return refused_by_connect(answer.status_code),
            None => return refused_by_connect(502),
        },
        Some(Err(Failure::TimedOut)) => return refused_by_connect(504),
        Some(Err(_)) => return refused_by_connect(502),
    };
    // Register before answering the handshake, so that the client can be reached at once.
    let (connection, queue) = api.routes.connections.open(context);
    let upgrade = hyper::upgrade::on(&mut request);
    // The receiver is gone if the gateway is stopping.
    let _ = opened.send(Box::pin(socket::serve(Arc::clone(&api.routes), api.limits, connection, queue, upgrade)));
    switching_protocols(&accept_key, protocol)
}
