//! Returns the body of every request and of every frame.

use std::env;

use aws_sdk_apigatewaymanagement::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_sdk_apigatewaymanagement::{Client, Config};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let connections = connections()?;
    run(service_fn(async |event: LambdaEvent<Value>| echo(&connections, &event.payload).await)).await
}

async fn echo(connections: &Client, event: &Value) -> Result<Value, Error> {
    let body = event["body"].as_str().unwrap_or_default();
    if let Some(id) = event["requestContext"]["connectionId"].as_str() {
        connections.post_to_connection().connection_id(id).data(Blob::new(body)).send().await?;
        return Ok(json!({ "statusCode": 200 }));
    }
    Ok(json!({
        "statusCode": 200,
        "headers": { "content-type": event["headers"]["content-type"] },
        "body": body,
        "isBase64Encoded": event["isBase64Encoded"],
    }))
}

/// Returns a client of `@connections`, the API through which functions reach sockets.
fn connections() -> Result<Client, env::VarError> {
    let (id, secret) = (env::var("AWS_ACCESS_KEY_ID")?, env::var("AWS_SECRET_ACCESS_KEY")?);
    let credentials = Credentials::new(id, secret, env::var("AWS_SESSION_TOKEN").ok(), None, "Lambda");
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(https)
        .endpoint_url(env::var("CONNECTIONS")?)
        .region(Region::new(env::var("AWS_REGION")?))
        .credentials_provider(credentials)
        .build();
    Ok(Client::from_conf(config))
}
