//! The function behind the custom resource `Indexes` answers CloudFormation in every case, and says
//! what is wrong without revealing the connection string.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Router, serve};
use mongodb::Client;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{
    binaries, new_database_at, profile_folder, shared, skip_on_deployed_stack, temporary_folder, unique,
};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The password in every connection string. No answer may contain it.
const PASSWORD: &str = "hunter2secret";

/// The time within which CloudFormation has an answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// CloudFormation's limit of an answer in bytes
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>).
const MAX_ANSWER: usize = 4096;

/// The Runtime API of Lambda with a single event, and the URL that the answer is sent to.
struct Lambda {
    event: Value,
    answers: mpsc::Sender<(HeaderMap, Bytes)>,
}

async fn next(State(lambda): State<Arc<Lambda>>) -> Response {
    let headers = [("lambda-runtime-aws-request-id", "1"), ("lambda-runtime-deadline-ms", "9999999999999")];
    (headers, lambda.event.to_string()).into_response()
}

async fn receive(State(lambda): State<Arc<Lambda>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let _ = lambda.answers.send((headers, body)).await;
    StatusCode::OK
}

/// Returns a request of CloudFormation.
fn request(kind: &str, extra: Value) -> Value {
    let mut event = json!({
        "RequestType": kind,
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/chat/1",
        "RequestId": unique("request"),
        "ResourceType": "Custom::Indexes",
        "LogicalResourceId": "Indexes",
        "ResourceProperties": {"Database": "chat"},
    });
    event.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    event
}

/// Runs the function with this value of `DATABASE_URL` and returns its answer to a request.
async fn answer(database_url: &str, mut event: Value) -> Value {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    event["ResponseURL"] = json!(format!("http://{address}/answer"));
    let (answers, mut answered) = mpsc::channel(1);
    let lambda = Arc::new(Lambda { event: event.clone(), answers });
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/1/response", post(StatusCode::ACCEPTED))
        .route("/2018-06-01/runtime/invocation/1/error", post(StatusCode::ACCEPTED))
        .route("/answer", put(receive))
        .with_state(lambda);
    let server = tokio::spawn(serve(listener, router).into_future());
    let mut function = Command::new(binaries().join("ensure-indexes"));
    function.env_clear().kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    function.envs([
        ("AWS_LAMBDA_RUNTIME_API", address.to_string().as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", "EnsureIndexes"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("DATABASE_URL", database_url),
    ]);
    let process = function.spawn().unwrap();
    let (headers, body) = timeout(ANSWERED_WITHIN, answered.recv()).await.unwrap().unwrap();
    drop(process);
    server.abort();

    assert_eq!(headers.get("content-type"), None);
    assert!(body.len() <= MAX_ANSWER, "{} bytes", body.len());
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(!text.contains(PASSWORD) && !text.contains("mongodb://"), "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    for same in ["StackId", "RequestId", "LogicalResourceId"] {
        assert_eq!(answer[same], event[same], "{same}");
    }
    answer
}

/// Asserts that the creation fails with a reason that contains `reason`, and that a deletion
/// succeeds.
async fn expect_failure(database_url: &str, reason: &str) {
    let failed = answer(database_url, request("Create", json!({}))).await;
    assert_eq!(failed["Status"], "FAILED", "{failed}");
    let given = failed["Reason"].as_str().unwrap();
    assert!(given.contains("DATABASE_URL") && given.contains(reason), "{given}");
    assert!(given.len() <= 1024 && !given.contains('\n'), "{given}");

    let id = json!({"PhysicalResourceId": "chat-Indexes-1ABCDEF"});
    let deleted = answer(database_url, request("Delete", id)).await;
    assert_eq!(
        (&deleted["Status"], &deleted["PhysicalResourceId"]),
        (&json!("SUCCESS"), &json!("chat-Indexes-1ABCDEF"))
    );
}

/// Returns a connection string for a database of the shared stack's server.
fn good_url() -> String {
    new_database_at(shared().mongod())
}

#[tokio::test]
async fn the_indexes_are_created() {
    if skip_on_deployed_stack() {
        return;
    }
    let url = good_url();

    let created = answer(&url, request("Create", json!({}))).await;

    assert_eq!(created["Status"], "SUCCESS", "{created}");
    let database = Client::with_uri_str(&url).await.unwrap().default_database().unwrap();
    let names = database.collection::<Document>("users").list_index_names().await.unwrap();
    assert!(names.len() > 1, "{names:?}");
}

#[tokio::test]
async fn a_missing_address_is_an_answer() {
    expect_failure("", "is not set").await;
}

#[tokio::test]
async fn an_address_of_another_kind_is_an_answer() {
    expect_failure(&format!("postgres://chat:{PASSWORD}@127.0.0.1/chat"), "must be a MongoDB connection string").await;
}

#[tokio::test]
async fn reserved_characters_in_the_password_must_be_encoded() {
    expect_failure(&format!("mongodb+srv://chat:{PASSWORD}@/:@cluster.example.net/chat"), "percent-encode").await;
}

#[tokio::test]
async fn a_cluster_that_does_not_exist_is_an_answer() {
    expect_failure(
        &format!("mongodb+srv://chat:{PASSWORD}@cluster.invalid.example.invalid/chat"),
        "cannot be resolved",
    )
    .await;
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_an_answer() {
    expect_failure(&format!("mongodb://chat:{PASSWORD}@127.0.0.1:9/chat"), "cannot be reached").await;
}

#[tokio::test]
async fn a_user_must_exist_and_have_the_right_to_create_indexes() {
    if skip_on_deployed_stack() {
        return;
    }
    let mongod = ProtectedMongod::start().await;
    expect_failure(&mongod.url("nobody"), "user or the password").await;
    expect_failure(&mongod.url("reader"), "readWrite").await;
    let created = answer(&mongod.url("writer"), request("Create", json!({}))).await;
    assert_eq!(created["Status"], "SUCCESS", "{created}");
}

#[tokio::test]
async fn a_rollback_succeeds_without_the_database() {
    if skip_on_deployed_stack() {
        return;
    }
    let away = format!("mongodb://chat:{PASSWORD}@127.0.0.1:9/chat");
    let properties = |name: &str| json!({"Database": name});
    let update = |id: &Value, name: &str| {
        request("Update", json!({"PhysicalResourceId": id, "ResourceProperties": properties(name)}))
    };
    let url = good_url();
    let first = answer(&url, request("Create", json!({"ResourceProperties": properties("first")}))).await;
    let id = &first["PhysicalResourceId"];

    let failed = answer(&away, update(id, "second")).await;
    let rolled_back = answer(&away, update(&failed["PhysicalResourceId"], "first")).await;
    assert_eq!((&failed["Status"], &rolled_back["Status"]), (&json!("FAILED"), &json!("SUCCESS")));
    assert_eq!(&rolled_back["PhysicalResourceId"], id);

    let updated = answer(&url, update(id, "second")).await;
    let rolled_back = answer(&away, update(&updated["PhysicalResourceId"], "first")).await;
    assert_eq!((&updated["Status"], &rolled_back["Status"]), (&json!("SUCCESS"), &json!("SUCCESS")));
    assert_ne!(&updated["PhysicalResourceId"], id, "functions are deployed after the indexes");

    let elsewhere = answer(&away, update(&rolled_back["PhysicalResourceId"], "third")).await;
    assert_eq!(elsewhere["Status"], "FAILED");
}

/// A mongod with access control.
struct ProtectedMongod {
    port: u16,
    _process: Child,
    _data: TempDir,
}

impl ProtectedMongod {
    /// Starts it and creates its users.
    async fn start() -> Self {
        // The shared stack has downloaded the server, unless it is on the PATH.
        let _ = shared();
        let downloaded = profile_folder().parent().unwrap().join("local/mongod-6.0.5/mongod");
        let program = if downloaded.exists() { downloaded } else { "mongod".into() };
        let data = temporary_folder();
        let port = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.kill_on_drop(true).stdout(Stdio::null());
        command.args(["--auth", "--bind_ip", "127.0.0.1", "--port", &port.to_string(), "--dbpath"]).arg(data.path());
        let mongod = Self { port, _process: command.spawn().unwrap(), _data: data };
        // Until there is a user, this is allowed without one.
        mongod.create_user(&format!("mongodb://127.0.0.1:{port}/admin"), "root", "root").await;
        for (name, role) in [("reader", "read"), ("writer", "readWrite")] {
            mongod.create_user(&mongod.url("root").replace("/chat?", "/admin?"), name, role).await;
        }
        mongod
    }

    /// Returns the connection string of a user, who may not exist.
    fn url(&self, user: &str) -> String {
        format!("mongodb://{user}:{PASSWORD}@127.0.0.1:{}/chat?authSource=admin", self.port)
    }

    async fn create_user(&self, url: &str, name: &str, role: &str) {
        let admin = Client::with_uri_str(url).await.unwrap().database("admin");
        let database = if role == "root" { "admin" } else { "chat" };
        let roles = vec![doc! { "role": role, "db": database }];
        admin.run_command(doc! { "createUser": name, "pwd": PASSWORD, "roles": roles }).await.unwrap();
    }
}
