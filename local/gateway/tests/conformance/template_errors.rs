//! A template that cannot be run stops the gateway at start, with the line and the problem.

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

/// Returns the output of the gateway if `from` is replaced in the good template.
fn complaint(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let folder = temporary_folder();
    let (status, output) = Setup::text(&folder, &GOOD.replacen(from, to, 1)).start_in_vain();
    assert!(!status.success(), "{output}");
    output
}

/// Asserts that one line of the output contains the line number and the words.
#[track_caller]
fn assert_complaint(complaint: &str, line: usize, words: &[&str]) {
    let start = format!("template.yaml, line {line}: ");
    let found = complaint.lines().find(|said| said.contains(&start));
    let found = found.unwrap_or_else(|| panic!("no line {line} in:\n{complaint}"));
    assert!(words.iter().all(|word| found.contains(word)), "{words:?} in: {found}");
}

#[test]
fn the_good_template_starts() {
    let folder = temporary_folder();

    Setup::text(&folder, GOOD).start();
}

#[test]
fn an_unknown_intrinsic_function() {
    assert_complaint(&complaint("!Ref AWS::StackName", "!ImportValue other"), 8, &["!ImportValue"]);
}

#[test]
fn an_unknown_reference() {
    assert_complaint(&complaint("!Ref AWS::StackName", "!Ref Nothing"), 8, &["Nothing"]);
    assert_complaint(&complaint("!Ref AWS::StackName", "!Sub 'a ${Nothing}'"), 8, &["Nothing"]);
}

#[test]
fn a_route_to_an_unknown_function() {
    assert_complaint(&complaint("!GetAtt Probe.Arn", "!GetAtt Nobody.Arn"), 16, &["Nobody"]);
}

#[test]
fn a_function_without_a_route() {
    let unused =
        "  Unused: {Type: AWS::Serverless::Function, Properties: {CodeUri: target/lambda/probe}}\n  Sockets:\n";

    assert_complaint(&complaint("  Sockets:\n", unused), 10, &["Unused", "route"]);
}

#[test]
fn a_function_without_a_binary() {
    assert_complaint(&complaint("target/lambda/probe", "target/lambda/nothing"), 6, &["Probe", "binary", "nothing"]);
}

#[test]
fn a_binary_without_a_function() {
    let folder = temporary_folder();
    let sources = folder.path().join("functions/some/src/bin");
    std::fs::create_dir_all(&sources).unwrap();
    std::fs::write(sources.join("lonely.rs"), "").unwrap();

    let setup = Setup::text(&folder, GOOD).option("--functions-in", folder.path().join("functions"));
    let (status, output) = setup.start_in_vain();

    assert!(!status.success());
    assert!(output.contains("lonely"), "{output}");
}

#[test]
fn code_outside_of_target_lambda() {
    assert_complaint(&complaint("target/lambda/probe", "src/"), 6, &["CodeUri"]);
}

#[test]
fn invalid_yaml() {
    assert_complaint(&complaint("Timeout: 3", "Timeout: [3"), 8, &[]);
}

#[test]
fn a_setting_that_is_not_a_number() {
    assert_complaint(&complaint("Timeout: 3", "Timeout: soon"), 7, &["Timeout"]);
}

#[test]
fn a_missing_property() {
    assert_complaint(&complaint("      StageName: api\n", ""), 13, &["StageName"]);
}

#[test]
fn an_unsupported_event() {
    assert_complaint(&complaint("Type: HttpApi,", "Type: Schedule,"), 9, &["HttpApi"]);
}

#[test]
fn two_identical_routes() {
    let event = "{Type: HttpApi, Properties: {Method: GET, Path: /probe}}";

    let complaint = complaint(&format!("{{Api: {event}}}"), &format!("{{Api: {event}, Again: {event}}}"));

    assert!(complaint.contains("GET /probe"), "{complaint}");
}
