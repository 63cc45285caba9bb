//! Templates that cannot be run. The gateway exits at startup and reports the line and the problem.

use crate::harness::{Setup, temporary_folder};

const GOOD: &str = "\
Resources:
  HttpApi: {Type: AWS::Serverless::HttpApi}
  Probe:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      Timeout: 3
      Environment: {Variables: {NAME: !Ref AWS::StackName}}
      Events: {Api: {Type: HttpApi, Properties: {Method: GET, Path: /probe}}}
  Sockets:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: api
      Routes:
        $connect: {FunctionArn: !GetAtt Probe.Arn}
";

/// Returns the output of the gateway for the good template with `from` replaced by `to`.
fn startup_output(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let folder = temporary_folder();
    let (status, output) = Setup::text(&folder, &GOOD.replacen(from, to, 1)).expect_failure();
    assert!(!status.success(), "{output}");
    output
}

/// Asserts that the output reports an error in this line of the template, with these words.
#[track_caller]
fn assert_error(output: &str, line: usize, words: &[&str]) {
    let start = format!("template.yaml, line {line}: ");
    let report = output.lines().find(|text| text.contains(&start));
    let report = report.unwrap_or_else(|| panic!("no line {line} in:\n{output}"));
    assert!(words.iter().all(|word| report.contains(word)), "{words:?} in: {report}");
}

#[test]
fn the_good_template_starts() {
    let folder = temporary_folder();

    Setup::text(&folder, GOOD).start();
}

#[test]
fn an_unknown_intrinsic_function_is_reported() {
    assert_error(&startup_output("!Ref AWS::StackName", "!ImportValue other"), 8, &["!ImportValue"]);
}

#[test]
fn an_unknown_reference_is_reported() {
    assert_error(&startup_output("!Ref AWS::StackName", "!Ref Nothing"), 8, &["Nothing"]);
    assert_error(&startup_output("!Ref AWS::StackName", "!Sub 'a ${Nothing}'"), 8, &["Nothing"]);
}

#[test]
fn a_route_to_an_unknown_function_is_reported() {
    assert_error(&startup_output("!GetAtt Probe.Arn", "!GetAtt Nobody.Arn"), 16, &["Nobody"]);
}

#[test]
fn a_function_without_a_route_is_reported() {
    let unused =
        "  Unused: {Type: AWS::Serverless::Function, Properties: {CodeUri: target/lambda/probe}}\n  Sockets:\n";

    assert_error(&startup_output("  Sockets:\n", unused), 10, &["Unused", "route"]);
}

#[test]
fn a_function_without_a_binary_is_reported() {
    assert_error(&startup_output("target/lambda/probe", "target/lambda/nothing"), 6, &["Probe", "binary", "nothing"]);
}

#[test]
fn a_binary_without_a_function_is_reported() {
    let folder = temporary_folder();
    let sources = folder.path().join("functions/some/src/bin");
    std::fs::create_dir_all(&sources).unwrap();
    std::fs::write(sources.join("lonely.rs"), "").unwrap();

    let setup = Setup::text(&folder, GOOD).option("--functions-in", folder.path().join("functions"));
    let (status, output) = setup.expect_failure();

    assert!(!status.success());
    assert!(output.contains("lonely"), "{output}");
}

#[test]
fn code_outside_of_target_lambda_is_reported() {
    assert_error(&startup_output("target/lambda/probe", "src/"), 6, &["CodeUri"]);
}

#[test]
fn invalid_yaml_is_reported() {
    assert_error(&startup_output("Timeout: 3", "Timeout: [3"), 8, &[]);
}

#[test]
fn a_setting_that_is_not_a_number_is_reported() {
    assert_error(&startup_output("Timeout: 3", "Timeout: soon"), 7, &["Timeout"]);
}

#[test]
fn a_missing_property_is_reported() {
    assert_error(&startup_output("      StageName: api\n", ""), 13, &["StageName"]);
}

#[test]
fn an_unsupported_event_is_reported() {
    assert_error(&startup_output("Type: HttpApi,", "Type: Schedule,"), 9, &["HttpApi"]);
}

#[test]
fn two_identical_routes_are_reported() {
    let event = "{Type: HttpApi, Properties: {Method: GET, Path: /probe}}";

    let output = startup_output(&format!("{{Api: {event}}}"), &format!("{{Api: {event}, Again: {event}}}"));

    assert!(output.contains("GET /probe"), "{output}");
}
