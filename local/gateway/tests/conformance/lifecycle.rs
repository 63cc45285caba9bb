//! The start and the end of the gateway and of its processes.

use std::net::TcpListener;
use std::path::Path;
use std::process::ExitStatus;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Gateway, Setup, eventually, shared};

/// Starts a gateway and a function's process, ends the gateway with `end`, and waits until the
/// process has ended.
async fn end_with_a_process(end: impl FnOnce(Gateway) -> ExitStatus) -> ExitStatus {
    let gateway = Setup::shared().start();
    let process = gateway.report("Reused").await["process"].to_string();

    let status = end(gateway);

    eventually("the process ends", async || !Path::new("/proc").join(&process).exists()).await;
    status
}

#[tokio::test]
async fn the_end_of_standard_input_ends_everything() {
    assert!(end_with_a_process(Gateway::end).await.success());
}

#[tokio::test]
async fn an_interrupt_ends_everything() {
    assert!(end_with_a_process(|gateway| gateway.end_by(Signal::INT)).await.success());
}

#[tokio::test]
async fn a_request_to_terminate_ends_everything() {
    assert!(end_with_a_process(|gateway| gateway.end_by(Signal::TERM)).await.success());
}

#[tokio::test]
async fn no_process_survives_a_killed_gateway() {
    end_with_a_process(|gateway| gateway.end_by(Signal::KILL)).await;
}

#[test]
fn a_port_in_use_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();

    let (status, output) = Setup::shared().port(&port).expect_failure();

    assert!(!status.success());
    assert!(output.contains(&format!("port {port} is already in use")), "{output}");
}

#[tokio::test]
async fn invocations_are_reported_as_they_happen() {
    let mut activity = reqwest::get(format!("{}/_local/activity", shared().http)).await.unwrap();
    shared().event_of("/routes/exact?of=the-activity").await;

    let entry = loop {
        let chunk = String::from_utf8(activity.chunk().await.unwrap().unwrap().to_vec()).unwrap();
        let entries = chunk.lines().filter_map(|line| line.strip_prefix("data:"));
        let mut entries = entries.map(|json| serde_json::from_str::<Value>(json).unwrap());
        if let Some(entry) = entries.find(|entry| entry["name"] == "GET /routes/exact") {
            break entry;
        }
    };

    assert_eq!((entry["kind"].as_str(), entry["status"].as_u64()), (Some("request"), Some(200)));
    assert_eq!(entry["function"], "Echo");
    assert!(entry["millis"].as_f64().unwrap() > 0.0, "{entry}");
    assert!(entry["databaseCommands"].is_null(), "{entry}");
}
