//! Creates the custom resources of the template through their functions, as CloudFormation does
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html>).

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::put;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

use crate::error::Error;
use crate::ids::{ACCOUNT_ID, REGION, function_arn, invocation_id};
use crate::lambda::Host;
use crate::listeners::bind;
use crate::template::CustomResource;

/// The time limit for creating a resource.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A function's response to CloudFormation.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    status: String,
    #[serde(default)]
    reason: String,
}

/// Creates all resources, one after the other.
///
/// # Errors
/// Returns an error for the first resource that cannot be created.
pub(crate) async fn create_custom_resources(resources: &[CustomResource], host: &Host) -> Result<(), Error> {
    let (listener, port) = bind(0).await?;
    let (sender, mut outcomes) = mpsc::channel(1);
    let server = axum::serve(listener, Router::new().route("/", put(receive)).with_state(sender));
    let all = async {
        for resource in resources {
            create(resource, host, &format!("http://127.0.0.1:{port}/"), &mut outcomes).await?;
        }
        Ok(())
    };
    tokio::select! {
        result = all => result,
        Err(source) = server.into_future() => Err(Error::Port { port, source }),
    }
}

/// Receives an answer, whose content type does not matter.
async fn receive(State(outcomes): State<mpsc::Sender<Outcome>>, body: Bytes) -> StatusCode {
    let Ok(outcome) = serde_json::from_slice(&body) else { return StatusCode::BAD_REQUEST };
    match outcomes.send(outcome).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::GONE,
    }
}

async fn create(
    resource: &CustomResource,
    host: &Host,
    response_url: &str,
    outcomes: &mut mpsc::Receiver<Outcome>,
) -> Result<(), Error> {
    let CustomResource { name, kind, function } = resource;
    let failed = |reason: String| Error::CustomResource { resource: name.clone(), function: function.clone(), reason };
    let event = json!({
        "RequestType": "Create",
        "ServiceToken": function_arn(function),
        "ResponseURL": response_url,
        "StackId": format!("arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/local/1"),
        "RequestId": invocation_id(),
        "ResourceType": kind,
        "LogicalResourceId": name,
        "ResourceProperties": {},
    });
    let invoked = host.invoke(function, event.to_string().into()).await;
    invoked.answer.map_err(|error| failed(error.to_string()))?;
    let outcome = tokio::time::timeout(TIMEOUT, outcomes.recv()).await;
    match outcome.ok().flatten() {
        Some(Outcome { status, .. }) if status == "SUCCESS" => Ok(()),
        Some(Outcome { reason, .. }) => Err(failed(reason)),
        None => Err(failed(format!("it did not answer CloudFormation within {} s", TIMEOUT.as_secs()))),
    }
}
