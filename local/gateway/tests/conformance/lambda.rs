//! The processes of functions, their environment, and their invocations.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Setup, eventually, keys, shared};

/// The variables that Lambda sets, besides those that begin with `AWS_` or `LAMBDA_`.
const LAMBDAS: [&str; 4] = ["_HANDLER", "_X_AMZN_TRACE_ID", "PATH", "TZ"];

/// Returns the id of the process that sent a report.
fn process(report: &Value) -> u64 {
    report["process"].as_u64().unwrap()
}

#[tokio::test]
async fn a_process_is_frozen_between_invocations() {
    let before = shared().report_after("Frozen", json!({ "tick": true, "sleep": 100 })).await;
    assert!(before["ticks"].as_u64().unwrap() > 10, "{before}");

    // Blocks without awaiting, so that a process that is not frozen has time to count.
    tokio::time::sleep(Duration::from_millis(500)).await;

    let after = shared().report("Frozen").await;
    assert_eq!(process(&after), process(&before));
    let ticked = after["ticks"].as_u64().unwrap() - before["ticks"].as_u64().unwrap();
    assert!(ticked < 100, "{ticked} ticks in between");
}

#[tokio::test]
async fn connections_die_silently_in_a_long_freeze_if_they_are_to() {
    for (options, expected) in [
        (vec![], "answered"),
        (vec!["--dead-after-freeze-millis", "0"], "silence"),
        (vec!["--dead-after-freeze-millis", "600000"], "answered"),
    ] {
        let mut setup = Setup::shared().option("--max-processes", "1");
        for option in options {
            setup = setup.flag(option);
        }
        let gateway = setup.start();
        let knock = async || gateway.report_after("Sockets", json!({ "knock": true })).await["knock"].clone();
        assert_eq!(knock().await, "answered");

        assert_eq!(knock().await, expected);
    }
}

#[tokio::test]
async fn a_process_handles_one_invocation_after_another() {
    let mut handled: HashMap<u64, Vec<u64>> = HashMap::new();
    for _ in 0..10 {
        let report = shared().report("Reused").await;
        handled.entry(process(&report)).or_default().push(report["invocations"].as_u64().unwrap());
    }

    // A process that has just answered may not be ready yet. The next invocation then starts
    // another process.
    assert!(handled.len() < 10, "{handled:?}");
    for counts in handled.values() {
        assert!((1..).zip(counts).all(|(expected, count)| expected == *count), "{handled:?}");
    }
}

#[tokio::test]
async fn parallel_invocations_run_in_separate_processes() {
    let started = Instant::now();

    let reports = join_all((0..6).map(|_| shared().report_after("Busy", json!({ "sleep": 1500 })))).await;

    let processes: HashSet<_> = reports.iter().map(process).collect();
    assert_eq!(processes.len(), 6);
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_process_is_killed_on_timeout_and_the_next_invocation_starts_another() {
    let started = Instant::now();

    let answer = shared().invoke("Slow", &json!({ "do": { "sleep": 60_000 } })).await;

    assert!((1..10).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, "Unhandled"));
    assert!(answer.json()["errorMessage"].as_str().unwrap().contains("timed out"), "{}", answer.text());
    assert_eq!(shared().report("Slow").await["invocations"], 1);
}

#[tokio::test]
async fn the_deadline_is_the_timeout_from_now_in_milliseconds() {
    let now = || u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let before = now();

    let report = shared().report("Configured").await;

    let deadline = report["deadline"].as_u64().unwrap();
    assert!((before + 7000..=now() + 7000).contains(&deadline), "{deadline} after {before}");
}

#[tokio::test]
async fn a_process_survives_an_error_of_its_function() {
    let mut failed = HashSet::new();
    eventually("a process that failed handles another invocation", async || {
        let answer = shared().invoke("Failing", &json!({ "do": { "error": "as instructed by" } })).await;
        assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, "Unhandled"));
        let message = answer.json()["errorMessage"].as_str().unwrap().to_owned();
        failed.insert(message.split_once("as instructed by process ").unwrap().1.parse::<u64>().unwrap());
        failed.contains(&process(&shared().report("Failing").await))
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_next_invocation_works() {
    let answer = shared().invoke("Panicking", &json!({ "do": { "panic": true } })).await;

    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, "Unhandled"));
    assert!(answer.json()["errorMessage"].as_str().unwrap().contains("as instructed"), "{}", answer.text());
    shared().report("Panicking").await;
}

#[tokio::test]
async fn a_process_that_exits_is_an_error_and_the_next_invocation_starts_another() {
    let answer = shared().invoke("Exiting", &json!({ "do": { "exit": 1 } })).await;

    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, "Unhandled"));
    assert_eq!(shared().report("Exiting").await["invocations"], 1);
}

#[tokio::test]
async fn the_environment_consists_of_the_templates_and_lambdas_variables() {
    let report = shared().report("Configured").await;

    let environment = &report["environment"];
    assert_eq!((&environment["FIRST"], &environment["SECOND"]), (&json!("one"), &json!("us-east-1")));
    let lambdas =
        |name: &&str| ["AWS_", "LAMBDA_"].iter().any(|start| name.starts_with(start)) || LAMBDAS.contains(name);
    let others: Vec<_> = keys(environment).into_iter().filter(|name| !lambdas(name)).collect();
    assert_eq!(others, ["FIRST", "SECOND"]);
}

#[tokio::test]
async fn lambda_describes_the_function_to_itself() {
    let report = shared().report("Configured").await;

    let environment = &report["environment"];
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "Configured");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "512");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_VERSION"], "$LATEST");
    assert_eq!(environment["AWS_LAMBDA_LOG_GROUP_NAME"], "/aws/lambda/Configured");
    assert_eq!(environment["AWS_LAMBDA_LOG_FORMAT"], "JSON");
    assert_eq!(shared().report("Reused").await["environment"]["AWS_LAMBDA_LOG_FORMAT"], "Text");
    for name in [
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    ] {
        assert!(environment[name].as_str().is_some_and(|value| !value.is_empty()), "{name}");
    }
    assert!(report["arn"].as_str().unwrap().starts_with("arn:aws:lambda:us-east-1:"), "{}", report["arn"]);
    assert!(report["arn"].as_str().unwrap().ends_with(":function:Configured"), "{}", report["arn"]);
    assert!(report["trace"].as_str().unwrap().starts_with("Root=1-"), "{}", report["trace"]);
}

#[tokio::test]
async fn each_invocation_has_its_own_request_id() {
    let (one, other) = (shared().report("Configured").await, shared().report("Configured").await);

    assert_ne!(one["requestId"], other["requestId"]);
    let groups: Vec<_> = one["requestId"].as_str().unwrap().split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
}

#[tokio::test]
async fn an_invocation_returns_the_functions_answer() {
    let answer = shared().invoke("Configured", &json!({ "do": { "answer": ["any", { "JSON": null }] } })).await;

    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, ""));
    assert_eq!(answer.json(), json!(["any", { "JSON": null }]));
}

#[tokio::test]
async fn an_unknown_function_is_not_found() {
    let answer =
        Answer::to(shared().request(Method::POST, "/2015-03-31/functions/Nobody/invocations").body("{}")).await;

    assert_eq!(answer.status, 404);
}
