//! Answers requests to the template's routes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;

use super::cors;
use super::event::{self, Context};
use super::routes::Routes;
use crate::activity::{Activity, Event};
use crate::error::Error;
use crate::ids::gateway_id;
use crate::lambda::{Host, InvokeError, Invoked, MAX_PAYLOAD};
use crate::template::{self, Cors};
use crate::throttle::{Account, Throttle};
use crate::usage::Meter;

/// The largest body that the gateway accepts
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
const MAX_BODY: usize = 10 * 1024 * 1024;

/// The largest request line and headers together, in bytes.
const MAX_HEAD: usize = 10_240;

/// The stage whose name is not part of paths.
const DEFAULT_STAGE: &str = "$default";

/// Returns the page for `GET /` if the template has no route for it.
pub(crate) type Index = Arc<dyn Fn() -> Response + Send + Sync>;

/// The HTTP API of the template, which additional routes can build on. Clones share the same API.
#[derive(Clone)]
pub struct HttpApi(Arc<Inner>);

struct Inner {
    stage: String,
    routes: Routes,
    cors: Option<Cors>,
    throttle: Throttle,
    host: Host,
    activity: Activity,
    meter: Meter,
    index: Option<Index>,
}

impl HttpApi {
    /// # Errors
    /// Returns an error if two routes are the same, or if a path is malformed.
    pub(crate) fn new(
        api: Option<template::HttpApi>,
        account: Option<&Account>,
        host: Host,
        activity: Activity,
        meter: Meter,
        index: Option<Index>,
    ) -> Result<Self, Error> {
        let (stage, routes, cors, throttle) = match api {
            Some(api) => (api.stage, api.routes, api.cors, Throttle::new(account, &api.throttling)),
            None => (DEFAULT_STAGE.to_owned(), Vec::new(), None, Throttle::default()),
        };
        let routes = Routes::new(&routes)?;
        Ok(Self(Arc::new(Inner { stage, routes, cors, throttle, host, activity, meter, index })))
    }

    /// Handles a request as the deployed API would.
    pub async fn answer(&self, request: Request) -> Response {
        let origin = request.headers().get(header::ORIGIN).cloned();
        if let Some(cors) = &self.0.cors
            && cors::is_preflight(&request)
        {
            self.0.meter.count_request(0);
            return cors::preflight(cors, origin.as_ref());
        }
        let mut response = self.0.route(request).await;
        if let Some(cors) = &self.0.cors {
            cors::apply(cors, origin.as_ref(), response.headers_mut());
        }
        response
    }

    /// Applies the API's CORS settings to `routes`.
    pub fn allow_origins(&self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self.clone(), apply_cors))
    }

    /// Returns the stage as a path prefix, such as `/v1`, or an empty string for `$default`.
    pub(crate) fn stage_prefix(&self) -> String {
        if self.0.stage == DEFAULT_STAGE { String::new() } else { format!("/{}", self.0.stage) }
    }
}

async fn apply_cors(State(api): State<HttpApi>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = next.run(request).await;
    if let Some(cors) = &api.0.cors {
        cors::apply(cors, origin.as_ref(), response.headers_mut());
    }
    response
}

impl Inner {
    async fn route(&self, request: Request) -> Response {
        if head_bytes(&request) > MAX_HEAD {
            return refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
        }
        let path = self.without_stage(request.uri().path());
        let Some(matched) = path.and_then(|path| self.routes.find(request.method().as_str(), path)) else {
            return match &self.index {
                Some(index) if request.method() == Method::GET && request.uri().path() == "/" => index(),
                _ => {
                    self.meter.count_request(0);
                    refusal(StatusCode::NOT_FOUND, "Not Found")
                }
            };
        };
        if !self.throttle.admits(&matched.key) {
            self.meter.count_request(0);
            return refusal(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        }
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        self.meter.count_request(body.len());
        let id = gateway_id();
        let peer = peer.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let payload = event::request(&head, body, &matched, &Context { id: &id, stage: &self.stage, peer });
        if payload.len() > MAX_PAYLOAD {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        let invoked = self.host.invoke_within(&matched.function, payload.into(), matched.timeout).await;
        let Invoked { answer, report } = invoked;
        let failed = || refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        let mut response = match answer {
            Ok(answer) => event::response(&answer).unwrap_or_else(failed),
            Err(InvokeError::Abandoned(_) | InvokeError::Throttled(_)) => {
                refusal(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            Err(_) => failed(),
        };
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        let name = || format!("{} {}", head.method, head.uri.path());
        self.activity.publish(|| Event::Request { name: name(), status: response.status().as_u16(), report });
        response
    }

    /// Returns the path without its stage, or `None` if it is outside of the stage.
    fn without_stage<'a>(&self, path: &'a str) -> Option<&'a str> {
        if self.stage == DEFAULT_STAGE {
            return Some(path);
        }
        match path.strip_prefix('/')?.strip_prefix(self.stage.as_str())? {
            "" => Some("/"),
            rest => rest.starts_with('/').then_some(rest),
        }
    }
}

/// Returns an error response of the gateway itself.
pub(super) fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

fn head_bytes(request: &Request) -> usize {
    let line = request.method().as_str().len() + request.uri().to_string().len() + " HTTP/1.1\r\n".len() + 1;
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + headers.sum::<usize>()
}
