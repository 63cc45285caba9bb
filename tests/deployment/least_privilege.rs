//! The template gives each function exactly the environment variables and permissions that its
//! parts require.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Stdio;

use serde_json::Value;
use test_support::{Function, Template, binaries};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::Command;

/// A valid value for each variable. Nothing listens at the addresses; functions do not connect
/// before their first invocation.
const GOOD: [(&str, &str); 15] = [
    ("ACCESS_TOKEN_TTL", "900"),
    ("ALLOWED_ORIGINS", "https://page.example"),
    ("COOKIE_DOMAIN", "example.com"),
    ("COOKIE_SAME_SITE", "Lax"),
    ("COOKIE_SECURE", "true"),
    ("DATABASE_URL", "mongodb://127.0.0.1:9/chat"),
    ("EMAIL_FROM", "chat@example.com"),
    ("EMAIL_SERVICE_KEY", "key"),
    ("EMAIL_SERVICE_URL", "smtp://127.0.0.1:9"),
    ("EMAIL_SERVICE_USERNAME", "chat@example.com"),
    ("PUBLIC_DIRECTORY", "true"),
    ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
    ("SECRET_KEY_ACCESS", "fedcba9876543210fedcba9876543210"),
    ("WEBSOCKET_ENDPOINT", "http://127.0.0.1:9/api"),
    ("WEBSOCKET_URL", "ws://127.0.0.1:9/api"),
];

/// A value that is invalid for every variable except [`ANY_TEXT`].
const NONSENSE: &str = "!";

/// The one variable that accepts any text and may be missing, so no value of it is invalid.
const ANY_TEXT: &str = "COOKIE_DOMAIN";

type Variables = BTreeMap<String, &'static str>;

/// Returns a valid value for a variable.
fn good(variable: &str) -> &'static str {
    let entry = GOOD.iter().find(|(name, _)| *name == variable);
    entry.unwrap_or_else(|| panic!("add a good value for {variable} to GOOD, in {}", file!())).1
}

/// Returns the variables that a function has in the template, each with a valid value.
fn own_variables(function: &Function) -> Variables {
    function.variables.iter().map(|name| (name.clone(), good(name))).collect()
}

/// Returns a command that runs a function with the variables that Lambda sets, and no others.
fn command(function: &Function) -> Command {
    let mut command = Command::new(binaries().join(&function.binary));
    command.env_clear().kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs([
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.as_str()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ]);
    command
}

/// The variables and permissions of the parts that a function is built from.
struct Requirements {
    variables: BTreeSet<String>,
    permissions: BTreeSet<String>,
}

impl Requirements {
    /// Asks the function itself.
    async fn from_binary(function: &Function) -> Self {
        let output = command(function).arg("--requirements").envs(GOOD).output().await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        let advice = format!("if a variable is not set, add a good value to GOOD, in {}", file!());
        assert!(output.status.success(), "{} cannot be built: {errors}{advice}", function.binary);
        let requirements: Value = serde_json::from_slice(&output.stdout).unwrap();
        let texts = |name: &str| -> BTreeSet<_> {
            let texts = requirements[name].as_array().unwrap().iter();
            texts.map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        Self { variables: texts("variables"), permissions: texts("permissions") }
    }
}

/// Returns the changes to make to the template. Empty if it gives the function exactly what it
/// requires.
fn advise(template: &Template, function: &Function, required: &Requirements) -> String {
    let mut advice = String::new();
    let name = &function.name;
    let line = |variable: &String| match template.line_of_variable(variable) {
        Some(line) => line.to_owned(),
        None => format!("{variable}: …  (no other function has it)"),
    };
    for variable in required.variables.difference(&function.variables) {
        writeln!(advice, "{name}: add to `Variables`:\n          {}", line(variable)).unwrap();
    }
    for variable in function.variables.difference(&required.variables) {
        writeln!(advice, "{name}: remove from `Variables`:\n          {}", line(variable)).unwrap();
    }
    if required.permissions.is_empty() && !function.permissions.is_empty() {
        writeln!(advice, "{name}: remove `Policies`").unwrap();
    } else if required.permissions != function.permissions {
        let policies = template.line_of_policies(&required.permissions);
        let policies = policies.unwrap_or_else(|| {
            format!("Policies: …  (no AWS::IAM::ManagedPolicy allows {:?} and nothing else)", required.permissions)
        });
        writeln!(advice, "{name}: add below `CodeUri`, or replace `Policies`:\n      {policies}").unwrap();
    }
    advice
}

#[tokio::test]
async fn every_function_has_exactly_what_its_parts_require() {
    let template = Template::read();
    let mut advice = String::new();
    for function in &template.functions {
        advice += &advise(&template, function, &Requirements::from_binary(function).await);
    }
    assert!(advice.is_empty(), "change template.yaml:\n{advice}");
}

#[test]
fn every_good_value_is_needed() {
    let template = Template::read();
    for (name, _) in GOOD {
        assert!(template.variables().contains(name), "remove {name} from GOOD, in {}: no function has it", file!());
    }
}

/// Starts a function and waits until it requests an invocation. Returns its output if it exits
/// first.
async fn start(function: &Function, variables: Variables) -> Result<(), String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let runtime_api = listener.local_addr().unwrap().to_string();
    let mut command = command(function);
    let ended = command.env("AWS_LAMBDA_RUNTIME_API", runtime_api).envs(variables).spawn().unwrap().wait_with_output();
    tokio::pin!(ended);
    tokio::select! {
        accepted = listener.accept() => {
            let (mut stream, _) = accepted.unwrap();
            let mut request = [0; 64];
            stream.read_exact(&mut request).await.unwrap();
            assert!(request.starts_with(b"GET /2018-06-01/runtime/invocation/next"), "{}", function.name);
            Ok(())
        }
        output = &mut ended => {
            let output = output.unwrap();
            Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
        }
    }
}

#[tokio::test]
async fn every_function_starts_with_its_variables() {
    for function in Template::read().functions {
        let started = start(&function, own_variables(&function)).await;

        started.unwrap_or_else(|output| panic!("{} does not start: {output}", function.name));
    }
}

#[tokio::test]
async fn a_missing_or_invalid_variable_stops_the_function_and_is_logged() {
    // The function of a custom resource reports it to CloudFormation instead.
    for function in Template::read().endpoints() {
        for name in function.variables.iter().filter(|name| *name != ANY_TEXT) {
            let with = |value| own_variables(function).into_iter().chain([(name.clone(), value)]).collect();
            // A required variable must not be empty; an optional one must be valid.
            let output = match start(function, with("")).await {
                Err(output) => Err(output),
                Ok(()) => start(function, with(NONSENSE)).await,
            };

            let output = output.err().unwrap_or_else(|| panic!("{} starts with an invalid {name}", function.name));
            assert!(output.contains(name), "{} stops without naming {name}: {output}", function.name);
        }
    }
}
