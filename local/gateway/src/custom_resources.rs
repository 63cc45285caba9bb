//! Creates, updates and deletes the custom resources of the template through their functions, as
//! CloudFormation does
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{post, put};
use axum::{Router, serve};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::ids::{ACCOUNT_ID, REGION, invocation_id};
use crate::lambda::Host;
use crate::listeners::bind;
use crate::template::CustomResource;

/// The largest answer that CloudFormation reads, in bytes.
const MAX_ANSWER: usize = 4096;

/// The longest physical id, in bytes.
const MAX_ID: usize = 1024;

/// The custom resources of a template. Clones share them.
#[derive(Clone)]
pub(crate) struct CustomResources(Arc<Inner>);

struct Inner {
    resources: BTreeMap<String, CustomResource>,
    host: Host,
    /// The port that receives answers.
    port: u16,
    /// The longest time to wait for an answer, if it is shorter than the resource's.
    limit: Option<Duration>,
    /// The requests, by the last part of their `ResponseURL`. Only the first answer counts.
    requests: Mutex<HashMap<String, Option<oneshot::Sender<Bytes>>>>,
    /// The resources that exist, or whose creation failed, by their logical ids.
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone)]
struct Known {
    physical_id: String,
    properties: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum RequestType {
    Create,
    Update,
    Delete,
}

/// A request for a resource.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Request {
    request_type: RequestType,
    /// The properties. By default those of the template.
    resource_properties: Option<Value>,
    /// The previous properties. By default those of the last request.
    old_resource_properties: Option<Value>,
    /// The physical id. By default that of the last answer.
    physical_resource_id: Option<String>,
}

/// The outcome of a request.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    status: &'static str,
    reason: String,
    physical_resource_id: Option<String>,
}

impl CustomResources {
    /// Binds a port for the answers, which the caller must [`serve`](Self::serve).
    pub(crate) async fn bind(
        resources: Vec<CustomResource>,
        host: Host,
        limit: Option<Duration>,
    ) -> Result<(Self, TcpListener), Error> {
        let (listener, port) = bind(0).await?;
        let resources = resources.into_iter().map(|resource| (resource.name.clone(), resource)).collect();
        let (requests, known) = (Mutex::default(), Mutex::default());
        Ok((Self(Arc::new(Inner { resources, host, port, limit, requests, known })), listener))
    }

    /// Receives answers for as long as it is polled.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let routes = Router::new().route("/{id}", put(receive)).with_state(self);
        // Serving fails only if the listener fails.
        let _ = serve(listener, routes).await;
    }

    /// Returns the route that sends requests for a resource. CloudFormation has no such route.
    pub(crate) fn router(&self) -> Router {
        Router::new().route("/_local/custom-resources/{name}", post(request)).with_state(self.clone())
    }

    /// Creates all resources, one after the other.
    ///
    /// # Errors
    /// Returns an error for the first resource that cannot be created.
    pub(crate) async fn create_all(&self) -> Result<(), Error> {
        for resource in self.0.resources.values() {
            let Outcome { status, reason, .. } = self.send(resource, Request::create()).await;
            if status != SUCCESS {
                let (resource, function) = (resource.name.clone(), resource.function.clone());
                return Err(Error::CustomResource { resource, function, reason });
            }
        }
        Ok(())
    }

    /// Sends a request to the function of a resource, and waits for its answer.
    async fn send(&self, resource: &CustomResource, request: Request) -> Outcome {
        let CustomResource { name, kind, function, .. } = resource;
        let known = lock(&self.0.known).get(name).cloned();
        let properties = request.resource_properties.unwrap_or_else(|| resource.properties.clone());
        let (token, request_id) = (format!("{:032x}", rand::random::<u128>()), invocation_id());
        let mut event = json!({
            "RequestType": request.request_type,
            "ServiceToken": resource.properties["ServiceToken"],
            "ResponseURL": format!("http://127.0.0.1:{}/{token}", self.0.port),
            "StackId": format!("arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/local/1"),
            "RequestId": request_id,
            "ResourceType": kind,
            "LogicalResourceId": name,
            "ResourceProperties": properties,
        });
        let mut physical_id = None;
        if request.request_type != RequestType::Create {
            let known_id = known.as_ref().map(|known| known.physical_id.clone());
            let id = request.physical_resource_id.or(known_id).unwrap_or_else(|| made_up_id(name));
            event["PhysicalResourceId"] = json!(id);
            physical_id = Some(id);
        }
        if request.request_type == RequestType::Update {
            let old = request.old_resource_properties.or(known.map(|known| known.properties));
            event["OldResourceProperties"] = old.unwrap_or_else(|| properties.clone());
        }
        let outcome = match self.answer(resource, &token, &event).await {
            Ok(answer) => Outcome::read(&answer, &event),
            Err(reason) => Outcome::failed(reason),
        };
        let mut known = lock(&self.0.known);
        if request.request_type == RequestType::Delete && outcome.status == SUCCESS {
            known.remove(name);
        } else if request.request_type == RequestType::Create || outcome.status == SUCCESS {
            // A creation that failed is deleted too, by an id that CloudFormation makes up if it has none.
            let physical_id = outcome.physical_resource_id.clone().or(physical_id).unwrap_or_else(|| made_up_id(name));
            known.insert(name.clone(), Known { physical_id, properties });
        }
        if outcome.status != SUCCESS {
            println!("[{name}] {} by {function} failed: {}", event["RequestType"], outcome.reason);
        }
        outcome
    }

    /// Invokes the function asynchronously and waits for its answer. CloudFormation does not notice
    /// that a function ends without one.
    async fn answer(&self, resource: &CustomResource, token: &str, event: &Value) -> Result<Bytes, String> {
        let CustomResource { name, function, .. } = resource;
        let limit = self.0.limit.map_or(resource.timeout, |limit| limit.min(resource.timeout));
        let (sender, mut answer) = oneshot::channel();
        lock(&self.0.requests).insert(token.to_owned(), Some(sender));
        let (host, target, payload) = (self.0.host.clone(), function.clone(), Bytes::from(event.to_string()));
        let mut delivery = tokio::spawn(async move { host.deliver(&target, payload).await });
        let mut delivered = false;
        let answered = async {
            loop {
                tokio::select! {
                    biased;
                    answer = &mut answer => return answer,
                    _ = &mut delivery, if !delivered => {
                        delivered = true;
                        println!("[{name}] {function} ended without an answer; waiting until the timeout of {limit:?}");
                    }
                }
            }
        };
        let answer = tokio::time::timeout(limit, answered).await.ok().and_then(Result::ok);
        answer
            .ok_or_else(|| format!("{function} did not answer CloudFormation within {limit:?}; its log has the reason"))
    }
}

const SUCCESS: &str = "SUCCESS";

impl Request {
    fn create() -> Self {
        Self {
            request_type: RequestType::Create,
            resource_properties: None,
            old_resource_properties: None,
            physical_resource_id: None,
        }
    }
}

impl Outcome {
    fn failed(reason: impl Into<String>) -> Self {
        Self { status: "FAILED", reason: reason.into(), physical_resource_id: None }
    }

    /// Reads a function's answer to a request. The reasons of refusals are those of CloudFormation.
    fn read(answer: &[u8], event: &Value) -> Self {
        if answer.len() > MAX_ANSWER {
            return Self::failed("Response object is too long.");
        }
        let Ok(answer) = serde_json::from_slice::<Value>(answer) else {
            return Self::failed("Invalid Response object: it is not JSON");
        };
        for key in ["StackId", "RequestId", "LogicalResourceId"] {
            if answer[key] != event[key] {
                return Self::failed(format!("Invalid Response object: {key} is not that of the request"));
            }
        }
        let id = answer["PhysicalResourceId"].as_str().filter(|id| (1..=MAX_ID).contains(&id.len()));
        let physical_resource_id = id.map(str::to_owned);
        let reason = answer["Reason"].as_str().unwrap_or_default().to_owned();
        match answer["Status"].as_str() {
            Some(SUCCESS) if physical_resource_id.is_none() => Self::failed("Invalid PhysicalResourceId"),
            Some(SUCCESS) => Self { status: SUCCESS, reason, physical_resource_id },
            Some("FAILED") => Self { physical_resource_id, ..Self::failed(reason) },
            _ => Self::failed("Invalid Response object: Status must be SUCCESS or FAILED"),
        }
    }
}

/// Takes an answer, of any content type.
async fn receive(State(resources): State<CustomResources>, Path(id): Path<String>, answer: Bytes) -> StatusCode {
    match lock(&resources.0.requests).get_mut(&id) {
        Some(request) => {
            if let Some(request) = request.take() {
                // The request may have timed out.
                let _ = request.send(answer);
            }
            StatusCode::OK
        }
        None => StatusCode::FORBIDDEN,
    }
}

/// Sends a request for a resource and returns the outcome.
async fn request(
    State(resources): State<CustomResources>,
    Path(name): Path<String>,
    request: Bytes,
) -> Result<Json<Outcome>, Response> {
    let resource = resources.0.resources.get(&name).ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    let request = serde_json::from_slice(&request);
    let request = request.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()).into_response())?;
    Ok(Json(resources.send(resource, request).await))
}

/// Returns a physical id as CloudFormation makes it up for a resource that got none.
fn made_up_id(name: &str) -> String {
    format!("local-{name}-{:012X}", rand::random::<u64>() >> 16)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
