//! Makes the indexes of the database while the stack is deployed: a custom resource, for which CloudFormation waits as for any other
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>).

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::config::ConfigError;
use shared::database::{self, Database};
use shared::invocation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    invocation::serve(App::from_env(), handle).await
}

struct App {
    database: Database,
    http: reqwest::Client,
}

impl App {
    async fn from_env() -> Result<Self, ConfigError> {
        Ok(Self { database: database::connect().await?, http: reqwest::Client::new() })
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

/// CloudFormation hears of a failure too: without an answer it would wait until its own time is up.
async fn handle(app: Arc<App>, event: Event) -> Result<(), String> {
    let made = match event.request_type {
        RequestType::Create | RequestType::Update => database::ensure_indexes(&app.database).await,
        // The data outlives the stack, and its indexes with it.
        RequestType::Delete => Ok(()),
    };
    let response = Response {
        status: if made.is_ok() { "SUCCESS" } else { "FAILED" },
        reason: made.err().map(|error| format!("the indexes cannot be made: {}", error.kind)).unwrap_or_default(),
        physical_resource_id: "indexes",
        stack_id: event.stack_id,
        request_id: event.request_id,
        logical_resource_id: event.logical_resource_id,
    };
    let put = app.http.put(event.response_url).timeout(Duration::from_secs(10)).json(&response);
    let answered = put.send().await.and_then(reqwest::Response::error_for_status);
    // Whoever has the address may answer in our place, so it is kept out of the log.
    answered.map(drop).map_err(|error| error.without_url().to_string())
}
