//! CloudFormation's protocol for custom resources
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>).

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::config::{ConfigError, Environment, FromEnv};

/// The time limit of each attempt to send an answer.
const SEND_LIMIT: Duration = Duration::from_secs(10);

/// The number of attempts to send an answer.
const ATTEMPTS: usize = 3;

/// The longest reason in bytes. CloudFormation refuses answers of more than 4,096 bytes.
const MAX_REASON: usize = 1024;

/// A request to create, update or delete a resource.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// Whether to create, update or delete the resource.
    #[serde(rename = "RequestType")]
    pub kind: RequestKind,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    #[serde(default)]
    physical_resource_id: PhysicalId,
    #[serde(default)]
    resource_properties: BTreeMap<String, Value>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
pub enum RequestKind {
    Create,
    Update,
    Delete,
}

impl Request {
    /// Returns whether the resource has had these properties before. Then an update may be part of a
    /// rollback, to which CloudFormation gives no other sign.
    pub fn returns_to_earlier_properties(&self) -> bool {
        self.kind == RequestKind::Update && self.physical_resource_id.remembers(self.properties())
    }

    /// Returns a short form of the properties.
    fn properties(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (name, value) in &self.resource_properties {
            (name, value.to_string()).hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// The physical id of a resource. It remembers the properties that the resource has and those that
/// it had before, because nothing else survives from one request to the next.
///
/// When an id changes, CloudFormation deletes the former one, which does nothing here.
#[derive(Clone, Deserialize, Serialize)]
struct PhysicalId(String);

impl Default for PhysicalId {
    fn default() -> Self {
        Self("indexes".to_owned())
    }
}

impl PhysicalId {
    fn known_properties(&self) -> impl Iterator<Item = u64> {
        self.0.split('/').skip(1).filter_map(|text| u64::from_str_radix(text, 16).ok())
    }

    fn remembers(&self, properties: u64) -> bool {
        self.known_properties().any(|known| known == properties)
    }

    /// Returns the id of the resource once it has these properties.
    fn with(&self, properties: u64) -> Self {
        let PhysicalId(name) = Self::default();
        match self.known_properties().next() {
            Some(current) if current == properties => self.clone(),
            Some(current) => Self(format!("{name}/{properties:x}/{current:x}")),
            None => Self(format!("{name}/{properties:x}")),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    status: &'static str,
    reason: String,
    physical_resource_id: PhysicalId,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
}

/// A client that answers CloudFormation. Without an answer, CloudFormation waits for the timeout of
/// the resource, even after a failure.
pub struct CloudFormation(reqwest::Client);

impl FromEnv for CloudFormation {
    async fn from_env(_: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(reqwest::Client::new()))
    }
}

impl CloudFormation {
    /// Sends the outcome of a request, in which the error is the reason of a failure.
    ///
    /// # Errors
    /// The reason why the answer could not be sent.
    pub async fn answer(&self, request: &Request, outcome: Result<(), String>) -> Result<(), String> {
        let id = &request.physical_resource_id;
        let answer = Answer {
            status: if outcome.is_ok() { "SUCCESS" } else { "FAILED" },
            physical_resource_id: match (request.kind, &outcome) {
                (RequestKind::Create | RequestKind::Update, Ok(())) => id.with(request.properties()),
                _ => id.clone(),
            },
            reason: outcome.err().map(|reason| shorten(&reason)).unwrap_or_default(),
            stack_id: &request.stack_id,
            request_id: &request.request_id,
            logical_resource_id: &request.logical_resource_id,
        };
        let body = serde_json::to_vec(&answer).map_err(|error| error.to_string())?;
        let mut sent = Ok(());
        for _ in 0..ATTEMPTS {
            sent = self.send(&request.response_url, body.clone()).await;
            if sent.is_ok() {
                break;
            }
        }
        sent
    }

    /// Sends an answer without a content type, because the signature of the URL does not always cover
    /// one.
    async fn send(&self, url: &str, body: Vec<u8>) -> Result<(), String> {
        let response = self.0.put(url).timeout(SEND_LIMIT).body(body).send().await;
        // Anyone who has the URL can answer instead of this function, so it must not be logged.
        let accepted = response.and_then(reqwest::Response::error_for_status);
        accepted.map(drop).map_err(|error| error.without_url().to_string())
    }
}

/// Returns the beginning of a reason, as one line.
fn shorten(reason: &str) -> String {
    let line = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    line[..line.floor_char_boundary(MAX_REASON)].to_owned()
}
