//! Creates the indexes of the database during a deployment, as a custom resource, which
//! CloudFormation waits for
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>).

use std::process::ExitCode;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::config::{ConfigError, Environment, FromEnv};
use shared::database::Database;
use shared::indexes;
use shared::serving::invocation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    invocation::serve(ensure_indexes).await
}

shared::parts! {
    struct App {
        database: Database,
        cloud_formation: CloudFormation,
    }
}

async fn ensure_indexes(app: &'static App, event: Event) -> Result<(), String> {
    let result = match event.request_type {
        RequestType::Create | RequestType::Update => indexes::ensure(&app.database).await,
        // The data outlives the stack, and so do its indexes.
        RequestType::Delete => Ok(()),
    };
    let response = Response {
        status: if result.is_ok() { "SUCCESS" } else { "FAILED" },
        reason: result.err().map(|error| format!("cannot create the indexes: {}", error.kind)).unwrap_or_default(),
        physical_resource_id: "indexes",
        stack_id: event.stack_id,
        request_id: event.request_id,
        logical_resource_id: event.logical_resource_id,
    };
    app.cloud_formation.respond(event.response_url, &response).await
}

/// A client that answers CloudFormation. Without an answer, CloudFormation waits for the timeout,
/// even after a failure.
struct CloudFormation(reqwest::Client);

impl FromEnv for CloudFormation {
    async fn from_env(_: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(reqwest::Client::new()))
    }
}

impl CloudFormation {
    async fn respond(&self, url: String, response: &Response) -> Result<(), String> {
        let put = self.0.put(url).timeout(Duration::from_secs(10)).json(response);
        let response = put.send().await.and_then(reqwest::Response::error_for_status);
        // Anyone who has the URL can answer instead of this function, so it must not be logged.
        response.map(drop).map_err(|error| error.without_url().to_string())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    request_type: RequestType,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
}

#[derive(Deserialize)]
enum RequestType {
    Create,
    Update,
    Delete,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    status: &'static str,
    reason: String,
    physical_resource_id: &'static str,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
}
