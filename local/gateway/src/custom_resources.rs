//! Deploying: what CloudFormation does before a stack is ready. Functions make the template's custom resources
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html>).

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::put;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::ids::invocation_id;
use crate::lambda::Host;
use crate::template::CustomResource;

/// How long a function may take to make a resource.
const TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    status: String,
    #[serde(default)]
    reason: String,
}

/// Has each resource made by its function, one after the other.
///
/// # Errors
/// One line, when one cannot be made.
pub(crate) async fn make(resources: &[CustomResource], host: &Host) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("no port is free for the answers of custom resources: {error}");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (sender, mut outcomes) = mpsc::channel(1);
    let server = axum::serve(listener, Router::new().route("/", put(receive)).with_state(sender));
    let all = async {
        for resource in resources {
            make_one(resource, host, &format!("http://{address}/"), &mut outcomes).await?;
        }
        Ok(())
    };
    tokio::select! {
        result = all => result,
        _ = server.into_future() => Err("the server for the answers of custom resources ended".to_owned()),
    }
}

async fn receive(State(outcomes): State<mpsc::Sender<Outcome>>, Json(outcome): Json<Outcome>) -> StatusCode {
    match outcomes.send(outcome).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::GONE,
    }
}

async fn make_one(
    resource: &CustomResource,
    host: &Host,
    response_url: &str,
    outcomes: &mut mpsc::Receiver<Outcome>,
) -> Result<(), String> {
    let CustomResource { name, kind, function } = resource;
    let event = json!({
        "RequestType": "Create",
        "ServiceToken": format!("arn:aws:lambda:us-east-1:123456789012:function:{function}"),
        "ResponseURL": response_url,
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/local/1",
        "RequestId": invocation_id(),
        "ResourceType": kind,
        "LogicalResourceId": name,
        "ResourceProperties": {},
    });
    let invoked = host.invoke(function, event.to_string().into()).await;
    invoked.answer.map_err(|error| format!("{function} could not make {name}: {error}"))?;
    let outcome = tokio::time::timeout(TIMEOUT, outcomes.recv()).await;
    match outcome.ok().flatten() {
        Some(Outcome { status, .. }) if status == "SUCCESS" => Ok(()),
        Some(Outcome { reason, .. }) => Err(format!("{function} could not make {name}: {reason}")),
        None => Err(format!("{function} did not say whether it made {name}")),
    }
}
