//! Templates with one API, and stages other than `$default`.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Frame, Handshake, Setup, Socket, temporary_folder};

const HTTP: &str = "\
Resources:
  Api: {Type: AWS::Serverless::HttpApi, Properties: {StageName: v1}}
  Probe:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      Events: {Api: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: ANY, Path: '/things/{id}'}}}
";

const SOCKETS: &str = "\
Resources:
  Probe:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      Policies: AmazonAPIGatewayInvokeFullAccess
      Environment:
        Variables:
          PROBE_FOLDER: ''
          WEBSOCKET_ENDPOINT: !Sub 'https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live'
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.type
      StageName: live
      Routes: {$connect: {FunctionArn: !GetAtt Probe.Arn}, hello: {FunctionArn: !GetAtt Probe.Arn}}
";

#[tokio::test]
async fn an_http_api_needs_no_websocket_api() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, HTTP).start();

    assert!(!gateway.has_websocket());
    assert_eq!(gateway.event_of("/things/1").await["pathParameters"], json!({ "id": "1" }));
}

#[tokio::test]
async fn a_named_stage_is_part_of_every_path_but_not_of_routes() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, HTTP).start();
    assert!(gateway.http.ends_with("/v1"), "{}", gateway.http);

    let event = gateway.event_of("/things/1").await;

    assert_eq!(event["rawPath"], "/v1/things/1");
    assert_eq!(event["routeKey"], "ANY /things/{id}");
    let context = &event["requestContext"];
    assert_eq!((&context["stage"], &context["http"]["path"]), (&json!("v1"), &json!("/v1/things/1")));
    for path in ["/things/1", "/v2/things/1", "/v1things/1"] {
        let url = gateway.http.replace("/v1", path);

        let answer = Answer::to(reqwest::Client::builder().no_proxy().build().unwrap().get(url)).await;

        assert_eq!((answer.status, answer.json()), (404, json!({ "message": "Not Found" })), "{path}");
    }
}

#[tokio::test]
async fn a_websocket_api_needs_no_http_api() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, SOCKETS).start();
    assert!(gateway.websocket().ends_with("/live"), "{}", gateway.websocket());
    let mut socket = Socket::open(&gateway).await;

    socket.send(r#"{"type":"hello","do":{"post":"hello"}}"#).await;

    assert_eq!(socket.next().await, Frame::Text("hello".to_owned()));
    assert_eq!(socket.event("CONNECT").await["requestContext"]["stage"], "live");
    assert_eq!(Handshake::new(&gateway).path("/api").refusal().await, 403);
    assert_eq!(Answer::to(gateway.request(Method::GET, "/")).await.status, 404);
}
