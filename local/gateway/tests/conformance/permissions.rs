//! Signatures of requests to `@connections`, and the policies that allow them. Functions use the AWS
//! SDK.

use aws_credential_types::Credentials;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Frame, Gateway, Setup, Socket, operator, shared, sign_with, temporary_folder};

const ID: &str = "L0SM9cOFvHcCIhw=";

#[track_caller]
fn assert_refused(answer: &Answer, kind: &str) {
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, kind), "{}", answer.text());
}

#[tokio::test]
async fn a_request_without_a_signature_is_refused() {
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let request = shared().connections(method, ID).build().unwrap();

        assert_refused(&Answer::to_unsigned(request).await, "MissingAuthenticationTokenException");
    }
}

#[tokio::test]
async fn unknown_keys_are_refused() {
    let keys = Credentials::new("somebody", "local", None, None, "test");

    let answer = Answer::to_signed(shared().connections(Method::GET, ID), &keys).await;

    assert_refused(&answer, "UnrecognizedClientException");
}

#[tokio::test]
async fn a_signature_with_another_secret_is_refused() {
    let keys = Credentials::new("local", "wrong", None, None, "test");

    let answer = Answer::to_signed(shared().connections(Method::GET, ID), &keys).await;

    assert_refused(&answer, "InvalidSignatureException");
}

#[tokio::test]
async fn a_signature_of_another_request_is_refused() {
    let signed = || {
        let mut request = shared().connections(Method::POST, ID).body("signed").build().unwrap();
        sign_with(&mut request, &operator());
        request
    };
    let (mut body, mut method, mut path) = (signed(), signed(), signed());
    *body.body_mut() = Some("changed".into());
    *method.method_mut() = Method::DELETE;
    path.url_mut().set_path("/api/@connections/another");

    assert_eq!(Answer::to_unsigned(signed()).await.status, 410);
    for request in [body, method, path] {
        assert_refused(&Answer::to_unsigned(request).await, "InvalidSignatureException");
    }
}

#[tokio::test]
async fn each_function_has_temporary_keys_of_its_own() {
    let keys = async |function: &str| {
        let environment = shared().report(function).await["environment"].clone();
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map(|name| environment[name].clone())
    };

    let (one, other) = (keys("Configured").await, keys("Reused").await);

    assert!(one.iter().zip(&other).all(|(one, other)| one.is_string() && one != other), "{one:?} {other:?}");
    let [id, secret, _] = one.map(|key| key.as_str().unwrap().to_owned());
    let without_token = Credentials::new(id, secret, None, None, "test");
    let answer = Answer::to_signed(shared().connections(Method::GET, ID), &without_token).await;
    assert_refused(&answer, "UnrecognizedClientException");
}

/// A function for each of these policies.
const TEMPLATE: &str = "\
Parameters:
  Start: {Type: String, Default: 'arn:aws:execute-api:us-east-1:123456789012'}
Globals:
  Function:
    Environment:
      Variables:
        WEBSOCKET_ENDPOINT: !Sub 'https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live'
        PROBE_FOLDER: ''
Resources:
  Nothing: {Type: AWS::Serverless::Function, Properties: {CodeUri: target/lambda/probe}}
  Invoke:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: target/lambda/probe, Policies: AmazonAPIGatewayInvokeFullAccess}
  Post:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      Policies:
        - CloudWatchPutMetricPolicy: {}
        - Statement:
            Effect: Allow
            Action: [logs:PutLogEvents, 'execute-api:Manage*']
            Resource: !Sub '${Start}:${Api}/live/POST/@connections/*'
  OtherApi:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      Policies:
        - Statement: {Effect: Allow, Action: '*', Resource: !Sub '${Start}:other/*'}
  Denied:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/probe
      Policies:
        - AmazonAPIGatewayInvokeFullAccess
        - Statement: [{Effect: Deny, Action: execute-api:ManageConnections, Resource: '*'}]
  Assuming:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: target/lambda/probe, Role: !GetAtt Role.Arn}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument: {Statement: [{Effect: Allow, Action: 'execute-api:*', Resource: !Sub '${Start}:${Api}/*'}]}
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: live
      Routes:
        $connect: {FunctionArn: !GetAtt Nothing.Arn}
        $disconnect: {FunctionArn: !GetAtt Nothing.Arn}
        Nothing: {FunctionArn: !GetAtt Nothing.Arn}
        Invoke: {FunctionArn: !GetAtt Invoke.Arn}
        Post: {FunctionArn: !GetAtt Post.Arn}
        OtherApi: {FunctionArn: !GetAtt OtherApi.Arn}
        Denied: {FunctionArn: !GetAtt Denied.Arn}
        Assuming: {FunctionArn: !GetAtt Assuming.Arn}
";

/// Returns the status of a request that a function sends to `@connections`.
async fn status(gateway: &Gateway, function: &str, id: &str, instruction: Value) -> u16 {
    let event = json!({ "requestContext": { "connectionId": id }, "do": instruction });
    gateway.invoke(function, &event).await.json()["statusCode"].as_u64().unwrap().try_into().unwrap()
}

#[tokio::test]
async fn the_policies_of_the_function_decide() {
    let folder = temporary_folder();
    let gateway = Setup::text(&folder, TEMPLATE).start();
    let mut socket = Socket::open(&gateway).await;
    let id = socket.id().await;

    for (function, post) in
        [("Nothing", 403), ("Invoke", 200), ("Post", 200), ("OtherApi", 403), ("Denied", 403), ("Assuming", 200)]
    {
        let posted = status(&gateway, function, &id, json!({ "post": function })).await;

        assert_eq!(posted, post, "{function}\n{}", gateway.output);
        if post == 200 {
            assert_eq!(socket.next().await, Frame::Text(function.to_owned()));
        }
    }
    assert_eq!(status(&gateway, "Post", &id, json!({ "close": true })).await, 403);
    assert!(
        gateway.output.mentions("is not authorized to perform: execute-api:ManageConnections"),
        "{}",
        gateway.output
    );
    assert_eq!(status(&gateway, "Invoke", &id, json!({ "close": true })).await, 200);
}
