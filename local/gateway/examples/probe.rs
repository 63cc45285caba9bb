//! A function that follows the instruction in its event, so that tests can observe the gateway and
//! Lambda.
//!
//! The instruction is JSON: the header `x-do` of a request or a handshake, the field `do` of a
//! frame, the property `Do` of a custom resource, or the field `do` of any other event. Without an
//! instruction, it answers a request with its event, and anything else with a report on its process.
//! It answers CloudFormation with the status in the variable `PROBE_STATUS`. If the variable
//! `PROBE_FOLDER` is set, it also appends socket events to the file `PROBE_FOLDER/{user agent}` and
//! CloudFormation's requests to `PROBE_FOLDER/{logical id}`, one per line. If the variable
//! `PROBE_FAILS_UNTIL` is set, it creates that file and fails if it is missing at startup.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, process, thread};

use aws_sdk_apigatewaymanagement::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_sdk_apigatewaymanagement::{Client, Config};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use lambda_runtime::{Context, Error, LambdaEvent, run, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

/// The interval at which a thread counts on after the answer.
const TICK: Duration = Duration::from_millis(1);

static INVOCATIONS: AtomicU64 = AtomicU64::new(0);
static TICKS: AtomicU64 = AtomicU64::new(0);

/// The steps to take, in this order.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Instruction {
    /// Count in a thread that keeps running after the answer.
    tick: bool,
    /// Wait this many milliseconds.
    sleep: u64,
    /// Post this to the event's connection, and answer with the status of the post.
    post: Option<String>,
    /// Close the event's connection, and answer with the status.
    close: bool,
    /// Send a byte over a connection that stays open between invocations, and answer with what
    /// happens.
    knock: bool,
    /// Do not answer CloudFormation.
    silent: bool,
    /// Panic.
    panic: bool,
    /// End the process with this status.
    exit: Option<i32>,
    /// Fail with this message and the id of the process.
    error: Option<String>,
    /// Answer with a body of this many bytes.
    fill: usize,
    /// Answer with exactly this.
    answer: Option<Value>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let marker = env::var("PROBE_FAILS_UNTIL").unwrap_or_default();
    if !marker.is_empty() && !Path::new(&marker).exists() {
        fs::write(&marker, "")?;
        return Err("as instructed".into());
    }
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    INVOCATIONS.fetch_add(1, Ordering::Relaxed);
    record(&payload)?;
    let instruction = instruction(&payload)?;
    let Instruction { tick, sleep, post, close, panic, exit, error, fill, answer, knock, silent } = instruction;
    if tick {
        thread::spawn(count);
    }
    tokio::time::sleep(Duration::from_millis(sleep)).await;
    let posted = match post {
        Some(text) => Some(post_to_sender(&payload, text).await?),
        None if close => Some(close_sender(&payload).await?),
        None => None,
    };
    if knock {
        return Ok(json!({ "statusCode": 200, "knock": self::knock()? }));
    }
    assert!(!panic, "as instructed");
    if let Some(status) = exit {
        process::exit(status);
    }
    if let Some(message) = error {
        return Err(format!("{message} process {}", process::id()).into());
    }
    if let Some(url) = payload["ResponseURL"].as_str() {
        return if silent { Ok(Value::Null) } else { answer_cloudformation(url, &payload, fill, answer).await };
    }
    Ok(match (answer, posted) {
        (Some(answer), _) => answer,
        (None, Some(status)) => json!({ "statusCode": status }),
        (None, None) if fill > 0 => json!({ "statusCode": 200, "body": "x".repeat(fill) }),
        (None, None) => default_answer(&payload, &context),
    })
}

fn count() {
    loop {
        thread::sleep(TICK);
        TICKS.fetch_add(1, Ordering::Relaxed);
    }
}

fn instruction(event: &Value) -> Result<Instruction, Error> {
    let headers = event["headers"].as_object().into_iter().flatten();
    let instructions = headers.filter(|(name, _)| name.eq_ignore_ascii_case("x-do"));
    if let Some(text) = instructions.filter_map(|(_, value)| value.as_str()).next() {
        return Ok(serde_json::from_str(text)?);
    }
    if let Some(text) = event["ResourceProperties"]["Do"].as_str() {
        return Ok(serde_json::from_str(text)?);
    }
    let frame = event["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok());
    match frame.as_ref().unwrap_or(event).get("do") {
        Some(instruction) => Ok(Instruction::deserialize(instruction)?),
        None => Ok(Instruction::default()),
    }
}

fn default_answer(event: &Value, context: &Context) -> Value {
    if event["version"] == "2.0" {
        let headers = json!({ "content-type": "application/json" });
        return json!({ "statusCode": 200, "headers": headers, "body": event.to_string() });
    }
    json!({
        "statusCode": 200,
        "process": process::id(),
        "invocations": INVOCATIONS.load(Ordering::Relaxed),
        "ticks": TICKS.load(Ordering::Relaxed),
        "requestId": context.request_id,
        "deadline": context.deadline,
        "arn": context.invoked_function_arn,
        "trace": context.xray_trace_id,
        "environment": env::vars().collect::<BTreeMap<_, _>>(),
    })
}

/// Records a socket event for the test that uses its user agent, or a request of CloudFormation for
/// the test of its resource.
fn record(event: &Value) -> Result<(), Error> {
    let folder = env::var("PROBE_FOLDER").unwrap_or_default();
    let agent = event["requestContext"]["identity"]["userAgent"].as_str();
    let Some(agent) = agent.or(event["LogicalResourceId"].as_str()).filter(|_| !folder.is_empty()) else {
        return Ok(());
    };
    fs::create_dir_all(&folder)?;
    let mut file = OpenOptions::new().create(true).append(true).open(Path::new(&folder).join(agent))?;
    // A single write keeps the lines of concurrent processes intact.
    file.write_all(format!("{event}\n").as_bytes())?;
    Ok(())
}

async fn post_to_sender(event: &Value, text: String) -> Result<u16, Error> {
    let sent = connections()?.post_to_connection().connection_id(sender(event)?).data(Blob::new(text)).send().await;
    Ok(match sent {
        Ok(_) => 200,
        Err(error) => error.raw_response().ok_or("there is no response")?.status().as_u16(),
    })
}

async fn close_sender(event: &Value) -> Result<u16, Error> {
    let sent = connections()?.delete_connection().connection_id(sender(event)?).send().await;
    Ok(match sent {
        Ok(_) => 200,
        Err(error) => error.raw_response().ok_or("there is no response")?.status().as_u16(),
    })
}

/// Sends a request to the server of `@connections` over a connection that is opened once.
fn knock() -> Result<&'static str, Error> {
    static CONNECTION: Mutex<Option<TcpStream>> = Mutex::new(None);
    let mut connection = CONNECTION.lock().map_err(|error| error.to_string())?;
    if connection.is_none() {
        let endpoint = env::var("WEBSOCKET_ENDPOINT")?;
        let authority = endpoint.split('/').nth(2).ok_or("the endpoint has no host")?;
        *connection = Some(TcpStream::connect(authority)?);
    }
    let stream = connection.as_mut().ok_or("there is no connection")?;
    stream.set_read_timeout(Some(Duration::from_secs(3)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    Ok(match stream.read(&mut [0; 4096]) {
        Ok(0) => "closed",
        Ok(_) => "answered",
        Err(_) => "silence",
    })
}

fn sender(event: &Value) -> Result<&str, Error> {
    Ok(event["requestContext"]["connectionId"].as_str().ok_or("the event has no connection")?)
}

/// Returns a client of `@connections`.
fn connections() -> Result<Client, Error> {
    let (id, secret) = (env::var("AWS_ACCESS_KEY_ID")?, env::var("AWS_SECRET_ACCESS_KEY")?);
    let credentials = Credentials::new(id, secret, env::var("AWS_SESSION_TOKEN").ok(), None, "Lambda");
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(https)
        .endpoint_url(env::var("WEBSOCKET_ENDPOINT")?)
        .region(Region::new(env::var("AWS_REGION")?))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .build();
    Ok(Client::from_conf(config))
}

/// Answers CloudFormation's request for a custom resource. `changes` replaces fields of the answer.
async fn answer_cloudformation(
    url: &str,
    request: &Value,
    fill: usize,
    changes: Option<Value>,
) -> Result<Value, Error> {
    let reason = format!("{} of {}", request["RequestType"], request["ResourceType"]);
    let mut answer = json!({
        "Status": env::var("PROBE_STATUS")?,
        "Reason": if fill > 0 { "x".repeat(fill) } else { reason },
        "PhysicalResourceId": "probe",
    });
    for key in ["StackId", "RequestId", "LogicalResourceId"] {
        answer[key] = request[key].clone();
    }
    for (key, value) in changes.iter().flat_map(Value::as_object).flatten() {
        answer[key] = value.clone();
    }
    // The address is signed for a request without a content type.
    let client = reqwest::Client::builder().no_proxy().build()?;
    client.put(url).body(answer.to_string()).send().await?.error_for_status()?;
    Ok(Value::Null)
}
