//! A function that follows the instruction in its event, so that tests can observe the gateway and
//! Lambda.
//!
//! The instruction is JSON: the header `x-do` of a request or a handshake, the field `do` of a
//! frame, or the field `do` of any other event. Without an instruction, it answers a request with
//! its event, and anything else with a report on its process. It answers a custom resource with the
//! status in the variable `PROBE_STATUS`. If the variable `PROBE_FOLDER` is set, it also appends
//! socket events to the file `PROBE_FOLDER/{user agent}`, one per line.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, process, thread};

use lambda_runtime::{Context, Error, LambdaEvent, run, service_fn};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
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
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    INVOCATIONS.fetch_add(1, Ordering::Relaxed);
    record(&payload)?;
    if let Some(url) = payload["ResponseURL"].as_str() {
        return answer_cloudformation(url, &payload).await;
    }
    let Instruction { tick, sleep, post, panic, exit, error, fill, answer } = instruction(&payload)?;
    if tick {
        thread::spawn(count);
    }
    tokio::time::sleep(Duration::from_millis(sleep)).await;
    let posted = match post {
        Some(text) => Some(post_to_sender(&payload, text).await?),
        None => None,
    };
    assert!(!panic, "as instructed");
    if let Some(status) = exit {
        process::exit(status);
    }
    if let Some(message) = error {
        return Err(format!("{message} process {}", process::id()).into());
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

/// Records a socket event for the test that uses its user agent.
fn record(event: &Value) -> Result<(), Error> {
    let folder = env::var("PROBE_FOLDER").unwrap_or_default();
    let agent = event["requestContext"]["identity"]["userAgent"].as_str();
    let Some(agent) = agent.filter(|_| !folder.is_empty()) else { return Ok(()) };
    fs::create_dir_all(&folder)?;
    let mut file = OpenOptions::new().create(true).append(true).open(Path::new(&folder).join(agent))?;
    // A single write keeps the lines of concurrent processes intact.
    file.write_all(format!("{event}\n").as_bytes())?;
    Ok(())
}

async fn post_to_sender(event: &Value, text: String) -> Result<u16, Error> {
    let id = event["requestContext"]["connectionId"].as_str().ok_or("the event has no connection")?;
    let endpoint = env::var("WEBSOCKET_ENDPOINT")?;
    let url = format!("{endpoint}/@connections/{}", utf8_percent_encode(id, NON_ALPHANUMERIC));
    let client = reqwest::Client::builder().no_proxy().build()?;
    Ok(client.post(url).body(text).send().await?.status().as_u16())
}

/// Answers CloudFormation's request for a custom resource.
async fn answer_cloudformation(url: &str, request: &Value) -> Result<Value, Error> {
    let status = env::var("PROBE_STATUS")?;
    let reason = format!("{} of {}", request["RequestType"], request["ResourceType"]);
    let outcome = json!({ "Status": status, "Reason": reason, "PhysicalResourceId": "probe" });
    reqwest::Client::builder().no_proxy().build()?.put(url).json(&outcome).send().await?.error_for_status()?;
    Ok(Value::Null)
}
