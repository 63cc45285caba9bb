//! The types of invocation of Lambda's API, and retries.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Setup, eventually, temporary_folder};

const TEMPLATE: &str = "\
Resources:
  Twice:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      Environment: {Variables: {PROBE_FAILS_UNTIL: ''}}
      Events: {Api: {Type: HttpApi, Properties: {Method: GET, Path: /twice}}}
  Once:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      EventInvokeConfig: {MaximumRetryAttempts: 0}
      Events: {Api: {Type: HttpApi, Properties: {Method: GET, Path: /once}}}
";

async fn invoke(gateway: &Gateway, function: &str, kind: &str, instruction: Value) -> u16 {
    let path = format!("/2015-03-31/functions/{function}/invocations");
    let request = gateway.request(Method::POST, &path).header("x-amz-invocation-type", kind);
    Answer::to(request.body(json!({ "do": instruction }).to_string())).await.status
}

async fn invocations(gateway: &Gateway, function: &str) -> u64 {
    gateway.usage().await["functions"][function]["invocations"].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn an_asynchronous_invocation_is_accepted_at_once_and_repeated_after_an_error() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, TEMPLATE).option("--retry-seconds", "0.2").start();

    assert_eq!(invoke(&gateway, "Once", "Event", json!({ "error": "as instructed" })).await, 202);
    assert_eq!(invoke(&gateway, "Twice", "Event", json!({ "exit": 1 })).await, 202);

    eventually("both retries are used", async || invocations(&gateway, "Twice").await == 3).await;
    assert_eq!(invoke(&gateway, "Twice", "Event", json!({})).await, 202);
    eventually("success is not repeated", async || invocations(&gateway, "Twice").await == 4).await;
    assert_eq!(invocations(&gateway, "Once").await, 1);
}

#[tokio::test]
async fn a_dry_run_invokes_nothing() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, TEMPLATE).start();

    assert_eq!(invoke(&gateway, "Once", "DryRun", json!({})).await, 204);
    assert_eq!(invoke(&gateway, "Once", "Sometimes", json!({})).await, 400);

    assert_eq!(invocations(&gateway, "Once").await, 0);
}

#[tokio::test]
async fn an_initialization_that_fails_is_repeated_within_the_invocation() {
    let folder = temporary_folder();
    let variable = format!("PROBE_FAILS_UNTIL={}", folder.path().join("started").display());
    let gateway = Setup::text(&folder, TEMPLATE).option("--variable", variable).start();

    assert_eq!(invoke(&gateway, "Twice", "RequestResponse", json!({})).await, 200);

    assert!(gateway.output.mentions("initialized again"), "{}", gateway.output);
    assert_eq!(gateway.report("Twice").await["statusCode"], 200);
}
