//! The HTTP API of API Gateway, with payload format 2.0.

mod cors;
mod event;
mod second;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{any, get, post};
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;

use crate::activity::{Activity, Event};
use crate::ids::gateway_id;
use crate::lambda::{Host, InvokeError, Invoked, MAX_PAYLOAD};
use crate::mail::{Mail, Mailbox};
use crate::page;
use crate::template::{Cors, HttpRoute};

/// The largest body that the gateway takes
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
const MAX_BODY: usize = 10 * 1024 * 1024;

/// The most bytes of request line and headers together.
const MAX_HEAD: usize = 10_240;

/// The gateway.
pub(crate) struct HttpApi {
    routes: Routes,
    cors: Option<Cors>,
    host: Host,
    mailbox: Mailbox,
    activity: Activity,
}

impl HttpApi {
    /// A gateway for these routes.
    ///
    /// # Errors
    /// One line, when two routes are the same.
    pub(crate) fn new(
        routes: &[HttpRoute],
        cors: Option<Cors>,
        host: Host,
        mailbox: Mailbox,
        activity: Activity,
    ) -> Result<Self, String> {
        Ok(Self { routes: Routes::new(routes)?, cors, host, mailbox, activity })
    }

    /// Serves it on `listener` for as long as it is polled.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let api = Arc::new(self);
        let told = Router::new()
            .route("/_local/mail", get(mails))
            .route("/_local/activity", get(activity))
            .layer(middleware::from_fn_with_state(Arc::clone(&api), for_pages));
        let app = Router::new()
            .merge(told)
            .merge(page::routes())
            .route(second::ROUTE, any(second::answer))
            .route(
                "/2015-03-31/functions/{function}/invocations",
                post(invoke).layer(DefaultBodyLimit::max(MAX_PAYLOAD)),
            )
            .fallback(answer)
            .with_state(api)
            .into_make_service_with_connect_info::<SocketAddr>();
        // It ends with an error only if the listener does.
        let _ = axum::serve(listener, app).await;
    }
}

/// Lets the pages that may use the API read an answer of this stack's own too.
async fn for_pages(State(api): State<Arc<HttpApi>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = next.run(request).await;
    if let Some(cors) = &api.cors {
        cors::apply(cors, origin.as_ref(), response.headers_mut());
    }
    response
}

#[derive(Deserialize)]
struct MailFilter {
    to: Option<String>,
}

async fn mails(State(api): State<Arc<HttpApi>>, Query(filter): Query<MailFilter>) -> Json<Vec<Mail>> {
    Json(api.mailbox.mails(filter.to.as_deref()))
}

/// What goes on from now on, as server-sent events.
async fn activity(State(api): State<Arc<HttpApi>>) -> impl IntoResponse {
    let entries = stream::unfold(api.activity.follow(), async |mut entries| {
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

/// Lambda's own API for invoking a function (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>), as `sam local start-lambda` serves it.
async fn invoke(State(api): State<Arc<HttpApi>>, Path(function): Path<String>, event: Bytes) -> Response {
    match api.host.invoke(&function, event).await.answer {
        Ok(answer) => answer.into_response(),
        Err(InvokeError::Unknown(_)) => refusal(StatusCode::NOT_FOUND, "Function not found"),
        Err(error) => {
            let error = Json(json!({ "errorType": "Unhandled", "errorMessage": error.to_string() }));
            ([("x-amz-function-error", "Unhandled")], error).into_response()
        }
    }
}

async fn answer(
    State(api): State<Arc<HttpApi>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    if let Some(cors) = &api.cors
        && cors::is_preflight(&request)
    {
        return cors::preflight(cors, origin.as_ref());
    }
    let mut response = api.route(request, peer).await;
    if let Some(cors) = &api.cors {
        cors::apply(cors, origin.as_ref(), response.headers_mut());
    }
    response
}

impl HttpApi {
    async fn route(&self, request: Request, peer: SocketAddr) -> Response {
        if head_bytes(&request) > MAX_HEAD {
            return refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
        }
        let Some(matched) = self.routes.find(request.method().as_str(), request.uri().path()) else {
            if request.method() == Method::GET && request.uri().path() == "/" {
                return page::index();
            }
            return refusal(StatusCode::NOT_FOUND, "Not Found");
        };
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let id = gateway_id();
        let payload = event::request(&head, body, &matched, peer, &id);
        if payload.len() > MAX_PAYLOAD {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        let Invoked { answer, report } = self.host.invoke(&matched.function, payload.into()).await;
        let answered = answer.ok().and_then(|answer| event::response(&answer));
        let mut response =
            answered.unwrap_or_else(|| refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"));
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        let name = || format!("{} {}", head.method, head.uri.path());
        self.activity.tell(|| Event::Request { name: name(), status: response.status().as_u16(), report });
        response
    }
}

/// What the gateway says itself.
fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

fn head_bytes(request: &Request) -> usize {
    let line = request.method().as_str().len() + request.uri().to_string().len() + " HTTP/1.1\r\n".len() + 1;
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + headers.sum::<usize>()
}

/// The route that a request takes.
struct Matched {
    function: String,
    /// The route's key, as in `GET /uploads/{photo}`.
    key: String,
    parameters: Vec<(String, String)>,
}

/// The routes of one kind by their methods, each with its function and its key.
type Table = HashMap<String, matchit::Router<(String, String)>>;

/// The routes: what matches exactly comes before parameters, and those before `{proxy+}`; `$default` takes the rest
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>).
#[derive(Default)]
struct Routes {
    plain: Table,
    greedy: Table,
    default: Option<String>,
}

impl Routes {
    fn new(routes: &[HttpRoute]) -> Result<Self, String> {
        let mut all = Self::default();
        for HttpRoute { method, path, function } in routes {
            if path == "$default" {
                all.default = Some(function.clone());
                continue;
            }
            let (table, pattern) = match path.strip_suffix("+}").and_then(|path| path.rsplit_once('{')) {
                Some((start, name)) => (&mut all.greedy, format!("{start}{{*{name}}}")),
                None => (&mut all.plain, path.clone()),
            };
            let key = format!("{method} {path}");
            let inserted = table.entry(method.clone()).or_default().insert(pattern, (function.clone(), key.clone()));
            inserted.map_err(|error| format!("the route {key} cannot be used: {error}"))?;
        }
        Ok(all)
    }

    fn find(&self, method: &str, path: &str) -> Option<Matched> {
        let kinds = [(&self.plain, method), (&self.plain, "ANY"), (&self.greedy, method), (&self.greedy, "ANY")];
        let found = kinds.into_iter().find_map(|(table, method)| table.get(method)?.at(path).ok());
        let default = || {
            self.default.clone().map(|function| Matched {
                function,
                key: "$default".to_owned(),
                parameters: Vec::new(),
            })
        };
        found.map_or_else(default, |found| {
            let (function, key) = found.value.clone();
            let parameters = found.params.iter().map(|(name, value)| (name.to_owned(), event::decode(value)));
            Some(Matched { function, key, parameters: parameters.collect() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(routes: &[(&str, &str)]) -> Routes {
        let route = |(method, path): &(&str, &str)| HttpRoute {
            method: (*method).to_owned(),
            path: (*path).to_owned(),
            function: format!("{method} {path}"),
        };
        Routes::new(&routes.iter().map(route).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn the_most_exact_route_is_taken() {
        let routes =
            routes(&[("GET", "/a/b"), ("GET", "/a/{x}"), ("GET", "/a/{rest+}"), ("ANY", "/any"), ("ANY", "$default")]);
        let taken = |method: &str, path: &str| routes.find(method, path).unwrap().function;
        assert_eq!(taken("GET", "/a/b"), "GET /a/b");
        assert_eq!(taken("GET", "/a/c"), "GET /a/{x}");
        assert_eq!(taken("GET", "/a/c/d"), "GET /a/{rest+}");
        assert_eq!(taken("DELETE", "/any"), "ANY /any");
        assert_eq!(taken("POST", "/a/b"), "ANY $default");
    }

    #[test]
    fn nothing_matches_without_a_default_route() {
        let routes = routes(&[("GET", "/a")]);
        assert!(routes.find("POST", "/a").is_none());
        assert!(routes.find("GET", "/b").is_none());
    }

    #[test]
    fn path_parameters_are_decoded() {
        let matched = routes(&[("GET", "/uploads/{photo}")]).find("GET", "/uploads/a%20b").unwrap();
        assert_eq!(matched.parameters, [("photo".to_owned(), "a b".to_owned())]);
    }
}
