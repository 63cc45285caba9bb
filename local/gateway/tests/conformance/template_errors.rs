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

/// Returns the good template with this parameter, whose name replaces that of the stack.
fn with_parameter(definition: &str) -> String {
    let template = GOOD.replace("!Ref AWS::StackName", "!Ref Choice");
    format!("Parameters:\n  Choice: {{{definition}}}\n{template}")
}

#[test]
fn the_values_of_parameters_must_satisfy_their_constraints() {
    for (definition, good, bad, words) in [
        ("Type: String, AllowedPattern: '[a-z]+'", "abc", "abc1", "AllowedPattern"),
        ("Type: String, AllowedValues: [one, two]", "two", "three", "one, two"),
        ("Type: Number, AllowedValues: [1, 30]", "30", "2", "AllowedValues"),
        ("Type: Number, MinValue: 1", "1", "0", "MinValue"),
        ("Type: Number, MaxValue: 1.5", "1.5", "2", "MaxValue"),
        ("Type: Number", "-1", "many", "number"),
        ("Type: String, MinLength: 2", "äö", "ä", "MinLength"),
        ("Type: String, MaxLength: 2, ConstraintDescription: must be short", "äö", "äöü", "must be short"),
        ("Type: CommaDelimitedList, AllowedPattern: '^[a-z]+$'", "a, b", "a, 2", "AllowedPattern"),
    ] {
        let folder = temporary_folder();
        let template = with_parameter(definition);
        let setup = |value: &str| Setup::text(&folder, &template).option("--parameter", format!("Choice={value}"));

        setup(good).start();
        let (_, output) = setup(bad).expect_failure();

        assert_error(&output, 2, &["Choice", words]);
    }
}

#[test]
fn a_parameter_without_a_default_needs_a_value() {
    let folder = temporary_folder();

    let (_, output) = Setup::text(&folder, &with_parameter("Type: String")).expect_failure();

    assert_error(&output, 2, &["Choice"]);
}

#[test]
fn a_rule_must_hold_if_its_condition_does() {
    let rules = "\
Rules:
  Safe:
    RuleCondition: !Equals [!Ref Choice, strict]
    Assertions:
      - Assert: !Contains [[a, b], !Ref Other]
        AssertDescription: Other must be a or b
";
    let parameters = "Type: String}\n  Other: {Type: String, Default: c";
    let template = format!("{rules}{}", with_parameter(parameters));
    let folder = temporary_folder();
    let setup = |choice: &str| Setup::text(&folder, &template).option("--parameter", format!("Choice={choice}"));

    setup("lax").start();
    setup("strict").option("--parameter", "Other=b").start();
    let (_, output) = setup("strict").expect_failure();

    assert_error(&output, 5, &["Safe", "Other must be a or b"]);
}

#[test]
fn a_resource_whose_condition_is_false_does_not_exist() {
    let conditions = "Conditions: {Never: !Equals [a, b], Always: !Equals [a, a]}\n";
    let unused =
        "  Unused:\n    Type: AWS::Serverless::Function\n    Condition: Never\n    Properties: {CodeUri: nowhere}\n";
    let good = GOOD.replacen("  Sockets:\n", &format!("{unused}  Sockets:\n"), 1);
    let folder = temporary_folder();

    Setup::text(&folder, &format!("{conditions}{good}")).start();
    let (_, output) =
        Setup::text(&folder, &format!("{conditions}{}", good.replace("Never\n", "Always\n"))).expect_failure();

    assert_error(&output, 14, &["CodeUri"]);
    let absent = GOOD.replace("  Probe:\n", "  Probe:\n    Condition: Never\n");
    let (_, output) = Setup::text(&folder, &format!("{conditions}{absent}")).expect_failure();
    assert_error(&output, 18, &["Probe.Arn"]);
}

#[test]
fn settings_of_a_route_that_does_not_exist_are_reported() {
    let settings =
        "{Type: AWS::Serverless::HttpApi, Properties: {RouteSettings: {GET /other: {ThrottlingRateLimit: 1}}}}";

    assert_error(&startup_output("{Type: AWS::Serverless::HttpApi}", settings), 2, &["GET /other"]);
}

#[test]
fn a_timeout_that_api_gateway_does_not_allow_is_reported() {
    let event = "Path: /probe, TimeoutInMillis: 30001";

    assert_error(&startup_output("Path: /probe", event), 9, &["30000"]);
}
