//! Custom resources, which functions create before the gateway is ready.

use crate::harness::{Setup, temporary_folder};

const TEMPLATE: &str = "\
Resources:
  Probe:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      Environment: {Variables: {PROBE_STATUS: ''}}
  Thing: {Type: Custom::Thing, Properties: {ServiceToken: !GetAtt Probe.Arn}}
";

#[test]
fn the_gateway_is_ready_once_they_are_created() {
    let folder = temporary_folder();

    Setup::text(&folder, TEMPLATE).option("--variable", "PROBE_STATUS=SUCCESS").start();
}

#[test]
fn a_failure_stops_the_gateway_with_its_reason() {
    let folder = temporary_folder();
    let setup = Setup::text(&folder, TEMPLATE).option("--variable", "PROBE_STATUS=FAILED");

    let (status, output) = setup.expect_failure();

    assert!(!status.success());
    assert!(output.contains(r#"Probe could not create Thing: "Create" of "Custom::Thing""#), "{output}");
}

#[test]
fn a_function_that_fails_itself_stops_the_gateway() {
    let folder = temporary_folder();

    // Without the status, the function returns an error.
    let (status, output) = Setup::text(&folder, &TEMPLATE.replace("PROBE_STATUS", "OTHER")).expect_failure();

    assert!(!status.success());
    assert!(output.contains("Probe could not create Thing: "), "{output}");
}
