//! No function of `template.yaml` can do or see more than its code needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::harness::{functions, keys, workspace};

/// The template that is deployed, as far as the tests need it.
pub(crate) struct Template {
    /// The functions.
    pub(crate) functions: Vec<Function>,
    resources: Value,
}

/// A function of the template.
pub(crate) struct Function {
    /// Its logical id.
    pub(crate) name: String,
    /// Its binary.
    pub(crate) binary: String,
    /// The keys of the HTTP routes that lead to it.
    pub(crate) routes: Vec<String>,
    /// What it is said to need of other services.
    policies: Vec<Value>,
    /// The names of its environment variables.
    variables: BTreeSet<String>,
}

impl Template {
    /// Reads it.
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(workspace().join("template.yaml")).unwrap();
        let template = json(&Yaml::load_from_str(&text).unwrap()[0]);
        let resources = template["Resources"].clone();
        let global = &template["Globals"]["Function"]["Environment"]["Variables"];
        assert!(global.is_null(), "every function has {global}");
        let functions = resources.as_object().unwrap().iter();
        let functions = functions.filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
        let functions = functions.map(|(name, resource)| Function::read(name, &resource["Properties"])).collect();
        Self { functions, resources }
    }

    /// The statements of all policies of a function.
    fn statements(&self, function: &Function) -> Vec<Value> {
        let policies = function.policies.iter().map(|policy| {
            let name = policy["Ref"].as_str().unwrap_or_else(|| panic!("this test does not know the policy {policy}"));
            &self.resources[name]["Properties"]["PolicyDocument"]["Statement"]
        });
        policies.flat_map(|statements| statements.as_array().unwrap()).cloned().collect()
    }

    /// The binaries of the functions that may do this with connections.
    fn allowed(&self, method: &str) -> BTreeSet<&str> {
        let resource = format!("/{method}/@connections/*");
        let allowed = self.functions.iter().filter(|function| {
            let mut statements = self.statements(function).into_iter();
            statements.any(|statement| statement["Resource"]["Sub"].as_str().unwrap().ends_with(&resource))
        });
        allowed.map(|function| function.binary.as_str()).collect()
    }
}

impl Function {
    fn read(name: &str, properties: &Value) -> Self {
        let routes = properties["Events"].as_object().into_iter().flat_map(Map::values).map(|event| {
            let route = &event["Properties"];
            format!("{} {}", route["Method"].as_str().unwrap(), route["Path"].as_str().unwrap())
        });
        let variables = properties["Environment"]["Variables"].as_object().into_iter().flat_map(Map::keys);
        Self {
            name: name.to_owned(),
            binary: properties["CodeUri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned(),
            routes: routes.collect(),
            policies: properties["Policies"].as_array().cloned().unwrap_or_default(),
            variables: variables.cloned().collect(),
        }
    }
}

/// YAML as JSON: `!Ref X` is `{"Ref": "X"}`.
fn json(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Tagged(tag, inner) => json!({ tag.suffix.as_str(): json(inner) }),
        Yaml::Sequence(items) => items.iter().map(json).collect(),
        Yaml::Mapping(fields) => {
            fields.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), json(value))).collect()
        }
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Value(Scalar::Null) => Value::Null,
        other => panic!("this test does not know {other:?}"),
    }
}

/// The binaries whose source, `functions/*/src/bin/*.rs`, has this text in it.
fn binaries_with(text: &str) -> BTreeSet<String> {
    let packages =
        fs::read_dir(workspace().join("functions")).unwrap().map(|entry| entry.unwrap().path().join("src/bin"));
    let sources = packages.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let found = sources.filter(|source| fs::read_to_string(source).unwrap().contains(text));
    found.map(|source| source.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn only_functions_that_send_to_sockets_may() {
    let template = Template::read();

    let senders = binaries_with("socket::serve(");

    assert!(!senders.is_empty());
    assert_eq!(template.allowed("POST"), senders.iter().map(String::as_str).collect());
}

#[test]
fn only_functions_that_close_sockets_may() {
    let template = Template::read();

    let closers = binaries_with("SessionConnections");

    assert!(!closers.is_empty());
    assert_eq!(template.allowed("DELETE"), closers.iter().map(String::as_str).collect());
}

#[test]
fn functions_may_do_nothing_else() {
    let template = Template::read();
    for function in &template.functions {
        for statement in template.statements(function) {
            assert_eq!(statement["Effect"], "Allow");
            assert_eq!(statement["Action"], "execute-api:ManageConnections", "{}", function.name);
            let resource = statement["Resource"]["Sub"].as_str().unwrap();
            let method = resource.split('/').rev().nth(2).unwrap();
            assert!(["POST", "DELETE"].contains(&method), "{resource}");
            assert!(resource.ends_with(&format!(":${{WebSocketApi}}/api/{method}/@connections/*")), "{resource}");
        }
    }
}

#[test]
fn a_function_knows_the_address_of_connections_exactly_if_it_may_use_them() {
    let template = Template::read();
    for function in &template.functions {
        let knows = function.variables.contains("WEBSOCKET_ENDPOINT");

        assert_eq!(knows, !function.policies.is_empty(), "{}", function.name);
    }
}

/// A good value for each variable. Nothing is at the addresses, and nothing is asked there before the first invocation.
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

/// What no variable can be, unless it may be any text.
const NONSENSE: &str = "!";

/// The one variable that may be any text and need not be there, so nothing shows at start whether it is read.
const ANY_TEXT: &str = "COOKIE_DOMAIN";

type Variables = BTreeMap<&'static str, &'static str>;

impl Function {
    /// The variables that it has in the template, each with a good value.
    fn own(&self) -> Variables {
        let good: Variables = GOOD.into_iter().filter(|(name, _)| self.variables.contains(*name)).collect();
        assert_eq!(good.len(), self.variables.len(), "a variable of {} has no value here", self.name);
        good
    }

    /// Starts it and waits until it asks for an invocation; what it wrote if it ends before.
    async fn start(&self, variables: Variables) -> Result<(), String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let lambdas = [
            ("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", self.name.clone()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ];
        let mut command = Command::new(functions().join(&self.binary));
        command.env_clear().envs(lambdas).envs(variables).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let ended = command.spawn().unwrap().wait_with_output();
        tokio::pin!(ended);
        tokio::select! {
            accepted = listener.accept() => {
                let (mut stream, _) = accepted.unwrap();
                let mut request = [0; 64];
                stream.read_exact(&mut request).await.unwrap();
                assert!(request.starts_with(b"GET /2018-06-01/runtime/invocation/next"), "{}", self.name);
                Ok(())
            }
            output = &mut ended => {
                let output = output.unwrap();
                Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
            }
        }
    }
}

#[tokio::test]
async fn each_function_needs_no_more_variables_than_it_has() {
    for function in Template::read().functions {
        let started = function.start(function.own()).await;

        started.unwrap_or_else(|output| panic!("{} needs more: {output}", function.name));
    }
}

#[tokio::test]
async fn each_function_reads_no_other_variables() {
    for function in Template::read().functions {
        // One that is read after all stops it.
        let others = GOOD.into_iter().map(|(name, _)| (name, NONSENSE));
        let variables = others.chain(function.own()).collect();

        let started = function.start(variables).await;

        started.unwrap_or_else(|output| panic!("{} reads more: {output}", function.name));
    }
}

#[tokio::test]
async fn each_function_reads_all_its_variables() {
    for function in Template::read().functions {
        for name in function.own().into_keys().filter(|name| *name != ANY_TEXT) {
            let with = |value| function.own().into_iter().chain([(name, value)]).collect();
            // One that may be any text has to be there; one that need not be there has to make sense.
            let output = match function.start(with("")).await {
                Err(output) => Err(output),
                Ok(()) => function.start(with(NONSENSE)).await,
            };

            let output = output.err().unwrap_or_else(|| panic!("{} does not read {name}", function.name));
            assert!(output.contains(name), "{} stops because of another variable than {name}: {output}", function.name);
        }
    }
}

#[test]
fn the_settings_of_cookies_are_read_together() {
    for function in Template::read().functions {
        let has = |name: &str| function.variables.contains(name);

        assert_eq!(has(ANY_TEXT), has("COOKIE_SECURE"), "{}", function.name);
        assert_eq!(has(ANY_TEXT), has("COOKIE_SAME_SITE"), "{}", function.name);
    }
}

#[test]
fn every_variable_belongs_to_a_function() {
    let template = Template::read();
    let used: BTreeSet<_> =
        template.functions.iter().flat_map(|function| &function.variables).map(String::as_str).collect();

    assert_eq!(used, GOOD.map(|(name, _)| name).into());
    assert!(keys(&template.resources).contains("WebSocketApi"));
}
