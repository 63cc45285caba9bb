//! The template gives each function exactly the environment variables and permissions that its
//! parts require.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;

use futures_util::future::join_all;
use serde_json::Value;
use test_support::{Function, Route, Template, binaries, workspace};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// A valid value for each variable. Nothing listens at the addresses, and functions start
/// nevertheless.
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
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
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

/// A function under a Runtime API of its own
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
struct Process {
    child: Child,
    runtime_api: BufReader<TcpStream>,
}

impl Process {
    /// Starts a function and waits until it requests an invocation. Returns its output if it exits
    /// first.
    async fn start(function: &Function, variables: Variables) -> Result<Self, String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let runtime_api = listener.local_addr().unwrap().to_string();
        let mut command = command(function);
        let mut child = command.env("AWS_LAMBDA_RUNTIME_API", runtime_api).envs(variables).spawn().unwrap();
        tokio::select! {
            accepted = listener.accept() => {
                let mut process = Self { child, runtime_api: BufReader::new(accepted.unwrap().0) };
                let (head, _) = process.read().await;
                assert!(head.starts_with("GET /2018-06-01/runtime/invocation/next"), "{}: {head}", function.name);
                Ok(process)
            }
            _ = child.wait() => Err(output(child).await),
        }
    }

    /// Passes an event to the function and returns its answer.
    async fn invoke(&mut self, event: &Value) -> Value {
        let event = event.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: 9999999999999\r\n\
             lambda-runtime-invoked-function-arn: arn\r\ncontent-length: {}\r\n\r\n",
            event.len()
        );
        self.runtime_api.write_all((head + &event).as_bytes()).await.unwrap();
        let (head, answer) = self.read().await;
        assert!(head.starts_with("POST /2018-06-01/runtime/invocation/1/response"), "{head}");
        serde_json::from_slice(&answer).unwrap()
    }

    /// Kills the process and returns everything that it wrote.
    async fn end(mut self) -> String {
        self.child.kill().await.unwrap();
        output(self.child).await
    }

    /// Reads the head and the body of the next request.
    async fn read(&mut self) -> (String, Vec<u8>) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.runtime_api.read_line(&mut head).await.unwrap() > 0, "the request ends early: {head}");
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.runtime_api.read_exact(&mut body).await.unwrap();
        (head, body)
    }
}

async fn output(child: Child) -> String {
    let output = child.wait_with_output().await.unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[tokio::test]
async fn every_function_starts_with_its_variables() {
    let functions = Template::read().functions;
    // Concurrently, because each one waits for servers that do not exist.
    join_all(functions.iter().map(async |function| {
        let started = Process::start(function, own_variables(function)).await;

        started.unwrap_or_else(|output| panic!("{} does not start: {output}", function.name));
    }))
    .await;
}

/// Returns the variables of a function, with a value of `name` that it refuses.
async fn with_invalid(function: &Function, name: &str) -> Variables {
    // A required variable must not be empty; an optional one must be valid.
    for value in ["", NONSENSE] {
        let variables: Variables = own_variables(function).into_iter().chain([(name.to_owned(), value)]).collect();
        let output = command(function).arg("--requirements").envs(&variables).output().await.unwrap();
        if !output.status.success() {
            return variables;
        }
    }
    panic!("{} accepts an invalid {name}", function.name);
}

#[tokio::test]
async fn a_missing_or_invalid_variable_is_reported_and_logged() {
    for function in Template::read().endpoints() {
        let path = workspace().join(format!("events/{}.json", function.binary));
        let event: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for name in function.variables.iter().filter(|name| *name != ANY_TEXT) {
            let variables = with_invalid(function, name).await;
            let what = format!("{} with an invalid {name}", function.name);

            let mut process =
                Process::start(function, variables).await.unwrap_or_else(|output| panic!("{what}: {output}"));
            let answer = process.invoke(&event).await;
            let output = process.end().await;

            let status = match &function.routes[0] {
                // The sender of a frame is told by an event instead.
                Route::WebSocket { key } if !["$connect", "$disconnect"].contains(&key.as_str()) => 200,
                _ => 503,
            };
            assert_eq!(answer["statusCode"], status, "{what} answers with {answer}");
            if let Route::Http { .. } = &function.routes[0] {
                let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
                assert_eq!(body["error"]["code"], "unavailable", "{what} answers with {answer}");
                assert_eq!(answer["headers"]["retry-after"], "5", "{what} answers with {answer}");
            }
            let lines: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            let naming: Vec<_> = lines.iter().filter(|line| line["fields"].to_string().contains(name)).collect();
            // Once at the start, and once for the invocation, where the alarm sees it.
            let statuses: Vec<_> = naming.iter().map(|line| &line["fields"]["status"]).collect();
            assert_eq!(statuses, [&Value::Null, &503.into()], "{what} logs: {output}");
        }
    }
}
