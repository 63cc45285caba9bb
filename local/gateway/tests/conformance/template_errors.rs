//! A template that cannot be run stops the stack at start, with the line and what is wrong.

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

/// What the stack says when in the good template `from` is replaced.
fn complaint(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let folder = temporary_folder();
    let (status, output) = Setup::of_text(&folder, &GOOD.replacen(from, to, 1)).start_in_vain();
    assert!(!status.success(), "{output}");
    output
}

/// Checks that the line and the words are in one line of what the stack says.
#[track_caller]
fn assert_complaint(complaint: &str, line: usize, words: &[&str]) {
    let start = format!("template.yaml, line {line}: ");
    let found = complaint.lines().find(|said| said.contains(&start));
    let found = found.unwrap_or_else(|| panic!("no line {line} in:\n{complaint}"));
    assert!(words.iter().all(|word| found.contains(word)), "{words:?} in: {found}");
}

#[test]
fn the_template_that_they_are_made_of_is_good() {
    let folder = temporary_folder();

    Setup::of_text(&folder, GOOD).start();
}

#[test]
fn an_unknown_intrinsic_function() {
    assert_complaint(&complaint("!Ref AWS::StackName", "!ImportValue other"), 8, &["!ImportValue"]);
}

#[test]
fn a_reference_to_nothing() {
    assert_complaint(&complaint("!Ref AWS::StackName", "!Ref Nothing"), 8, &["Nothing"]);
    assert_complaint(&complaint("!Ref AWS::StackName", "!Sub 'a ${Nothing}'"), 8, &["Nothing"]);
}

#[test]
fn a_route_to_a_function_that_is_not_there() {
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

    let (status, output) = Setup::of_text(&folder, GOOD).start_in_vain();

    assert!(!status.success());
    assert!(output.contains("lonely"), "{output}");
}

#[test]
fn code_that_is_no_binary_of_this_workspace() {
    assert_complaint(&complaint("target/lambda/probe", "src/"), 6, &["CodeUri"]);
}

#[test]
fn yaml_that_cannot_be_read() {
    assert_complaint(&complaint("Timeout: 3", "Timeout: [3"), 8, &[]);
}

#[test]
fn a_setting_that_is_no_number() {
    assert_complaint(&complaint("Timeout: 3", "Timeout: soon"), 7, &["Timeout"]);
}

#[test]
fn a_property_that_is_missing() {
    assert_complaint(&complaint("      StageName: api\n", ""), 13, &["StageName"]);
}

#[test]
fn an_event_that_cannot_be_run_here() {
    assert_complaint(&complaint("Type: HttpApi,", "Type: Schedule,"), 9, &["HttpApi"]);
}

#[test]
fn two_routes_that_are_the_same() {
    let twice = "{Api: {Type: HttpApi, Properties: {Method: GET, Path: /probe}}, Again: {Type: HttpApi, Properties: {Method: GET, Path: /probe}}}";

    let complaint = complaint("{Api: {Type: HttpApi, Properties: {Method: GET, Path: /probe}}}", twice);

    assert!(complaint.contains("GET /probe"), "{complaint}");
}
