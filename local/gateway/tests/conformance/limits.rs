//! Rate limits, concurrency, and the time that API Gateway waits for a function.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Gateway, Handshake, Setup, Socket, eventually, temporary_folder};

/// The limits fill so slowly that only their bursts count.
const TEMPLATE: &str = "\
Resources:
  HttpApi:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefaultRouteSettings: {ThrottlingRateLimit: 0.001, ThrottlingBurstLimit: 2}
      RouteSettings:
        GET /own: {ThrottlingRateLimit: 0.001, ThrottlingBurstLimit: 1}
  Probe:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      Timeout: 20
      Environment: {Variables: {PROBE_FOLDER: ''}}
      Events:
        Own: {Type: HttpApi, Properties: {Method: GET, Path: /own}}
        Shared: {Type: HttpApi, Properties: {Method: GET, Path: /shared}}
        Other: {Type: HttpApi, Properties: {Method: GET, Path: /other}}
        Impatient: {Type: HttpApi, Properties: {Method: GET, Path: /impatient, TimeoutInMillis: 300}}
  Sockets:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: api
      DefaultRouteSettings: {ThrottlingRateLimit: 0.001, ThrottlingBurstLimit: 2}
      Routes:
        $connect: {FunctionArn: !GetAtt Probe.Arn}
        $disconnect: {FunctionArn: !GetAtt Probe.Arn}
        patient: {FunctionArn: !GetAtt Probe.Arn}
        impatient: {FunctionArn: !GetAtt Probe.Arn, IntegrationTimeout: 300}
";

async fn get(gateway: &Gateway, path: &str, instruction: Value) -> Answer {
    Answer::to(gateway.request(Method::GET, path).header("x-do", instruction.to_string())).await
}

#[track_caller]
fn assert_message(answer: &Answer, status: u16, message: &str) {
    assert_eq!((answer.status, answer.json()), (status, json!({ "message": message })));
}

#[tokio::test]
async fn a_request_over_the_limit_of_its_route_is_refused() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, TEMPLATE).flag("--throttle").start();

    assert_eq!(get(&gateway, "/own", json!({})).await.status, 200);
    let refused = get(&gateway, "/own", json!({})).await;
    assert_message(&refused, 429, "Too Many Requests");
    assert_eq!(refused.header("retry-after"), "");
    // The routes without a limit share that of the stage.
    assert_eq!(get(&gateway, "/shared", json!({})).await.status, 200);
    assert_eq!(get(&gateway, "/other", json!({})).await.status, 200);
    assert_eq!(get(&gateway, "/shared", json!({})).await.status, 429);
    assert_eq!(gateway.usage().await["functions"]["Probe"]["invocations"], 3);
}

#[tokio::test]
async fn a_frame_over_the_limit_is_refused_and_so_is_a_handshake() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, TEMPLATE).flag("--throttle").start();
    let mut socket = Socket::open(&gateway).await;

    socket.send(r#"{"action":"patient"}"#).await;
    socket.event("MESSAGE").await;
    socket.send(r#"{"action":"patient"}"#).await;

    let frame = socket.next_json().await;
    assert_eq!(frame["message"], "Too Many Requests");
    assert_eq!(frame["connectionId"], socket.id().await.as_str());
    assert_eq!(Handshake::new(&gateway).refusal().await, 429);
}

#[tokio::test]
async fn nothing_is_refused_unless_limits_are_switched_on() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, TEMPLATE).start();

    for _ in 0..5 {
        assert_eq!(get(&gateway, "/own", json!({})).await.status, 200);
    }
}

#[tokio::test]
async fn an_invocation_over_the_concurrency_of_the_account_is_throttled() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, TEMPLATE).option("--concurrency", "1").start();
    let mut socket = Socket::open(&gateway).await;
    socket.id().await;
    let before = invocations(&gateway).await;
    // The invocation of `$connect` may not have ended yet.
    let running = async { while get(&gateway, "/own", json!({ "sleep": 3000 })).await.status != 200 {} };
    let others = async {
        eventually("the only invocation runs", async || invocations(&gateway).await > before).await;
        assert_message(&get(&gateway, "/shared", json!({})).await, 503, "Service Unavailable");
        let invoked = gateway.invoke("Probe", &json!({})).await;
        assert_eq!((invoked.status, invoked.header("x-amzn-errortype")), (429, "TooManyRequestsException"));
        socket.send(r#"{"action":"patient"}"#).await;
        assert_eq!(socket.next_json().await["message"], "Internal server error");
    };

    tokio::join!(running, others);
}

#[tokio::test]
async fn a_client_waits_for_a_function_until_the_timeout_of_the_integration() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, TEMPLATE).start();
    let started = Instant::now();

    let answer = get(&gateway, "/impatient", json!({ "sleep": 2000, "tick": true })).await;

    assert_message(&answer, 503, "Service Unavailable");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    // The function goes on, in its process, until its own timeout.
    let billed = async || gateway.usage().await["functions"]["Probe"]["billedMillis"].as_u64().unwrap_or_default();
    eventually("the whole duration is billed", async || billed().await >= 2000).await;
    assert_eq!(gateway.report("Probe").await["invocations"], 2);
}

#[tokio::test]
async fn a_sender_waits_for_a_function_until_the_timeout_of_the_integration() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, TEMPLATE).start();
    let mut socket = Socket::open(&gateway).await;

    socket.send(json!({ "action": "impatient", "do": { "sleep": 2000 } }).to_string()).await;

    assert_eq!(socket.next_json().await["message"], "Endpoint request timed out");
}

#[tokio::test]
async fn an_invocation_that_no_process_picks_up_in_time_is_dropped() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, TEMPLATE).option("--max-processes", "1").start();
    let running = get(&gateway, "/own", json!({ "sleep": 3000 }));
    let waiting = async {
        eventually("the first runs", async || invocations(&gateway).await == 1).await;
        assert_message(&get(&gateway, "/impatient", json!({})).await, 503, "Service Unavailable");
    };

    let (first, ()) = tokio::join!(running, waiting);

    assert_eq!(first.status, 200);
    assert_eq!(gateway.report("Probe").await["invocations"], 2);
}

async fn invocations(gateway: &Gateway) -> u64 {
    gateway.usage().await["functions"]["Probe"]["invocations"].as_u64().unwrap_or_default()
}
