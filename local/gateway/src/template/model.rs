//! The parts of a template that the gateway runs.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::Value;

use super::error::TemplateError;

/// A template.
#[derive(Debug)]
pub(crate) struct Template {
    /// The functions by their logical ids.
    pub(crate) functions: BTreeMap<String, Function>,
    /// The resources that functions create during a deployment.
    pub(crate) custom_resources: Vec<CustomResource>,
    /// The HTTP API, if any.
    pub(crate) http: Option<HttpApi>,
    /// The WebSocket API, if any.
    pub(crate) websocket: Option<WebSocketApi>,
}

/// A Lambda function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// Its logical id in the template.
    pub(crate) name: String,
    /// The line of its `CodeUri`.
    pub(super) line: usize,
    /// The name of its binary.
    pub(crate) binary: String,
    /// The time limit of an invocation.
    pub(crate) timeout: Duration,
    /// Its memory in MiB.
    pub(crate) memory: u32,
    /// Its environment variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// Whether Lambda tells it to write its log as JSON.
    pub(crate) json_logs: bool,
    /// How often a failed asynchronous invocation is repeated.
    pub(crate) retries: u32,
    /// The statements of its policies that are about connections.
    pub(crate) statements: Vec<Statement>,
}

/// A statement of a policy that allows or denies `execute-api:ManageConnections`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Whether it allows or denies.
    pub(crate) allows: bool,
    /// The ARNs that it is about, with the wildcards `*` and `?`.
    pub(crate) resources: Vec<String>,
}

/// A resource that a function creates during a deployment.
#[derive(Debug)]
pub(crate) struct CustomResource {
    /// Its logical id.
    pub(crate) name: String,
    /// Its type, such as `Custom::Indexes`.
    pub(crate) kind: String,
    /// The function that creates it.
    pub(crate) function: String,
    /// Its properties, including `ServiceToken`. CloudFormation passes every scalar as a string.
    pub(crate) properties: Value,
    /// How long CloudFormation waits for the function's answer.
    pub(crate) timeout: Duration,
}

/// An HTTP API.
#[derive(Debug)]
pub(crate) struct HttpApi {
    /// The stage: `$default`, or the first segment of all paths.
    pub(crate) stage: String,
    /// Its routes.
    pub(crate) routes: Vec<HttpRoute>,
    /// Its CORS settings, if any.
    pub(crate) cors: Option<Cors>,
    /// The limits of its stage.
    pub(crate) throttling: Throttling,
}

/// The limits of a stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Throttling {
    /// The limit of the routes that have none of their own, if any.
    pub(crate) default: Option<Limit>,
    /// The limits of routes, by their keys.
    pub(crate) routes: BTreeMap<String, Limit>,
}

/// A rate in requests per second, and the number of requests that may come at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limit {
    pub(crate) rate: f64,
    pub(crate) burst: f64,
}

impl Limit {
    /// The limit of all APIs of an account in a region
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>).
    pub(crate) const ACCOUNT: Self = Self { rate: 10_000.0, burst: 5_000.0 };
}

/// A route of an HTTP API.
#[derive(Debug)]
pub(crate) struct HttpRoute {
    /// The method in capitals, or `ANY`.
    pub(crate) method: String,
    /// The path with `{parameters}`.
    pub(crate) path: String,
    /// The function that answers.
    pub(crate) function: String,
    /// How long API Gateway waits for its answer.
    pub(crate) timeout: Duration,
}

impl HttpRoute {
    /// Returns the key of the route, such as `GET /users/{id}` or `$default`.
    pub(crate) fn key(&self) -> String {
        if self.path == "$default" { self.path.clone() } else { format!("{} {}", self.method, self.path) }
    }
}

/// The CORS settings of an HTTP API.
#[derive(Debug)]
pub(crate) struct Cors {
    /// The origins whose pages may read answers.
    pub(crate) origins: Vec<String>,
    /// The methods that they may use.
    pub(crate) methods: Vec<String>,
    /// The headers that they may send.
    pub(crate) headers: Vec<String>,
    /// The headers of answers that they may read.
    pub(crate) exposed: Vec<String>,
    /// Whether requests may carry cookies.
    pub(crate) credentials: bool,
    /// The number of seconds for which a browser may cache these settings.
    pub(crate) max_age: Option<String>,
}

/// A WebSocket API.
#[derive(Debug)]
pub(crate) struct WebSocketApi {
    /// Its logical id.
    pub(crate) name: String,
    /// The stage, the first and only segment of its path.
    pub(crate) stage: String,
    /// The field of a frame that selects the route.
    pub(crate) selector: String,
    /// The routes by their keys.
    pub(crate) routes: BTreeMap<String, WebSocketRoute>,
    /// The limits of its stage.
    pub(crate) throttling: Throttling,
}

/// A route of a WebSocket API.
#[derive(Debug)]
pub(crate) struct WebSocketRoute {
    /// The function that it invokes.
    pub(crate) function: String,
    /// How long API Gateway waits for the function.
    pub(crate) timeout: Duration,
}

/// The differences between this machine and a deployment.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    /// Values for parameters.
    pub(crate) parameters: HashMap<String, String>,
    /// Values for environment variables of all functions that have them.
    pub(crate) variables: HashMap<String, String>,
    /// The port of the HTTP API.
    pub(crate) http_port: u16,
    /// The port of the WebSocket API.
    pub(crate) websocket_port: u16,
}

impl Function {
    /// Returns an error that points at this function.
    pub(crate) fn error(&self, reason: String) -> TemplateError {
        TemplateError { line: self.line, reason }
    }
}

impl Template {
    /// Returns whether a route or a custom resource invokes this function.
    pub(crate) fn is_invoked(&self, function: &str) -> bool {
        self.http.iter().flat_map(|api| &api.routes).any(|route| route.function == function)
            || self.websocket.iter().flat_map(|api| api.routes.values()).any(|route| route.function == function)
            || self.custom_resources.iter().any(|resource| resource.function == function)
    }
}
