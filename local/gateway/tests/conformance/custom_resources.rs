//! Custom resources, which functions create before the gateway is ready, and which they update and
//! delete on request.

use std::fs;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Setup, keys, temporary_folder};

const TEMPLATE: &str = "\
Parameters:
  Name: {Type: String, Default: the name}
Resources:
  Probe:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      Environment: {Variables: {PROBE_STATUS: '', PROBE_FOLDER: ''}}
  Thing:
    Type: Custom::Thing
    Properties:
      ServiceToken: !GetAtt Probe.Arn
      ServiceTimeout: 30
      Name: !Sub '${Name}!'
      Nested: {Number: 1, List: [true, !Ref AWS::Region], Nothing: !Ref AWS::NoValue}
      Do: '{}'
";

/// Returns a gateway for the template, whose function follows an instruction.
fn setup(folder: &tempfile::TempDir, instruction: &Value) -> Setup {
    setup_with_timeout(folder, instruction, 30)
}

/// Returns a gateway for the template with another `ServiceTimeout`.
fn setup_with_timeout(folder: &tempfile::TempDir, instruction: &Value, seconds: u32) -> Setup {
    let template = TEMPLATE
        .replace("Do: '{}'", &format!("Do: '{instruction}'"))
        .replace("ServiceTimeout: 30", &format!("ServiceTimeout: {seconds}"));
    Setup::text(folder, &template).option("--variable", "PROBE_STATUS=SUCCESS")
}

/// Returns the output of a gateway that does not start.
fn failure(setup: Setup) -> String {
    let (status, output) = setup.expect_failure();
    assert!(!status.success(), "{output}");
    output
}

/// Returns the requests that the function has received.
fn requests(gateway: &Gateway) -> Vec<Value> {
    let text = fs::read_to_string(gateway.events.join("Thing")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Sends a request for the resource, as CloudFormation does during an update, and returns the
/// outcome.
async fn send(gateway: &Gateway, request: Value) -> Value {
    let path = "/_local/custom-resources/Thing";
    Answer::to(gateway.request(Method::POST, path).body(request.to_string())).await.json()
}

#[test]
fn the_gateway_is_ready_once_they_are_created() {
    let folder = temporary_folder();

    let gateway = setup(&folder, &json!({})).start();

    assert_eq!(requests(&gateway).len(), 1);
}

#[test]
fn a_request_has_the_documented_fields() {
    let folder = temporary_folder();

    let request = requests(&setup(&folder, &json!({})).start()).remove(0);

    let expected = [
        "RequestType",
        "ServiceToken",
        "ResponseURL",
        "StackId",
        "RequestId",
        "ResourceType",
        "LogicalResourceId",
        "ResourceProperties",
    ];
    assert_eq!(keys(&request), expected.into());
    assert_eq!((&request["RequestType"], &request["ResourceType"]), (&json!("Create"), &json!("Custom::Thing")));
}

#[test]
fn properties_are_resolved_and_all_scalars_are_strings() {
    let folder = temporary_folder();

    let request = requests(&setup(&folder, &json!({})).start()).remove(0);

    let token = "arn:aws:lambda:us-east-1:123456789012:function:Probe";
    let nested = json!({ "Number": "1", "List": ["true", "us-east-1"] });
    assert_eq!(
        request["ResourceProperties"],
        json!({ "ServiceToken": token, "ServiceTimeout": "30", "Name": "the name!", "Nested": nested, "Do": "{}" })
    );
}

#[test]
fn a_failure_stops_the_gateway_with_its_reason() {
    let folder = temporary_folder();
    let setup = setup(&folder, &json!({ "answer": { "Status": "FAILED" } }));

    let output = failure(setup);

    assert!(output.contains(r#"Probe could not create Thing: "Create" of "Custom::Thing""#), "{output}");
}

#[test]
fn a_function_that_ends_without_an_answer_is_noticed_by_the_timeout_only() {
    for instruction in [json!({ "exit": 1 }), json!({ "error": "as instructed" }), json!({ "silent": true })] {
        let (folder, since) = (temporary_folder(), Instant::now());

        let output = failure(setup_with_timeout(&folder, &instruction, 2));

        assert!(since.elapsed() > Duration::from_secs(2), "{instruction}: {:?}", since.elapsed());
        assert!(output.contains("did not answer CloudFormation within 2s"), "{output}");
        let hint = ["exit status: 1", "as instructed", "ended without an answer"];
        assert!(hint.into_iter().any(|hint| output.contains(hint)), "{output}");
    }
}

#[test]
fn the_time_to_wait_can_be_limited() {
    let folder = temporary_folder();

    let output = failure(setup(&folder, &json!({ "silent": true })).option("--resource-seconds", "0.5"));

    assert!(output.contains("did not answer CloudFormation within 500ms"), "{output}");
}

#[test]
fn a_function_that_fails_is_invoked_again_with_the_same_request() {
    let folder = temporary_folder();
    let setup = setup_with_timeout(&folder, &json!({ "error": "as instructed" }), 5).option("--retry-seconds", "0.1");

    failure(setup.record_in(&folder));

    let text = fs::read_to_string(folder.path().join("Thing")).unwrap();
    let ids: Vec<_> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["RequestId"].clone()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn an_answer_that_cloudformation_refuses_is_a_failure() {
    for (instruction, reason) in [
        (json!({ "fill": 4096 }), "Response object is too long."),
        (json!({ "answer": { "PhysicalResourceId": null } }), "Invalid PhysicalResourceId"),
        (json!({ "answer": { "PhysicalResourceId": "" } }), "Invalid PhysicalResourceId"),
        (json!({ "answer": { "RequestId": "another" } }), "RequestId is not that of the request"),
        (json!({ "answer": { "Status": "DONE" } }), "Status must be SUCCESS or FAILED"),
    ] {
        let folder = temporary_folder();

        let output = failure(setup(&folder, &instruction));

        assert!(output.contains(reason), "{instruction}: {output}");
    }
}

#[tokio::test]
async fn an_update_has_the_old_properties_and_the_physical_id() {
    let folder = temporary_folder();
    let gateway = setup(&folder, &json!({})).start();

    let outcome = send(&gateway, json!({ "RequestType": "Update", "ResourceProperties": { "Name": "new" } })).await;

    assert_eq!((&outcome["Status"], &outcome["PhysicalResourceId"]), (&json!("SUCCESS"), &json!("probe")));
    let update = requests(&gateway).pop().unwrap();
    assert_eq!((&update["RequestType"], &update["PhysicalResourceId"]), (&json!("Update"), &json!("probe")));
    assert_eq!(update["ResourceProperties"], json!({ "Name": "new" }));
    assert_eq!(update["OldResourceProperties"]["Name"], "the name!");
}

#[tokio::test]
async fn a_creation_that_failed_is_deleted_by_an_id_that_cloudformation_made_up() {
    let folder = temporary_folder();
    let gateway = setup_with_timeout(&folder, &json!({ "silent": true }), 5).flag("--skip-resources").start();
    assert!(requests(&gateway).is_empty());

    let created = send(&gateway, json!({ "RequestType": "Create" })).await;
    let deleted = send(&gateway, json!({ "RequestType": "Delete", "ResourceProperties": {} })).await;

    assert_eq!((&created["Status"], &deleted["Status"]), (&json!("FAILED"), &json!("SUCCESS")));
    let delete = requests(&gateway).pop().unwrap();
    assert_eq!(delete["RequestType"], "Delete");
    assert!(delete["PhysicalResourceId"].as_str().unwrap().starts_with("local-Thing-"), "{delete}");
}

#[tokio::test]
async fn an_unknown_resource_or_request_is_refused() {
    let folder = temporary_folder();
    let gateway = setup(&folder, &json!({})).start();
    let post = |name: &str, body: &'static str| {
        Answer::to(gateway.request(Method::POST, &format!("/_local/custom-resources/{name}")).body(body))
    };

    assert_eq!(post("Nothing", r#"{"RequestType":"Create"}"#).await.status, 404);
    assert_eq!(post("Thing", r#"{"RequestType":"Replace"}"#).await.status, 400);
}
