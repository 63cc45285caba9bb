//! What `template.yaml` says of functions and routes: the local stack runs what would be deployed.

mod reader;
mod values;
mod yaml;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use reader::Reader;
use yaml::Node;

/// What is wrong with the template, and where.
#[derive(Debug, thiserror::Error)]
#[error("template.yaml, line {line}: {reason}")]
pub(crate) struct TemplateError {
    line: usize,
    reason: String,
}

/// The part of a template that the local stack runs.
#[derive(Debug)]
pub(crate) struct Template {
    /// The functions by their logical ids.
    pub(crate) functions: BTreeMap<String, Function>,
    /// What functions make while the stack is deployed.
    pub(crate) custom_resources: Vec<CustomResource>,
    /// The routes of the HTTP API.
    pub(crate) http_routes: Vec<HttpRoute>,
    /// The CORS settings of the HTTP API, if it has any.
    pub(crate) cors: Option<Cors>,
    /// The WebSocket API.
    pub(crate) websocket: WebSocketApi,
}

/// A Lambda function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// Its logical id in the template.
    pub(crate) name: String,
    /// The line that names its binary.
    line: usize,
    /// The binary that it runs.
    pub(crate) binary: String,
    /// How long one invocation may take.
    pub(crate) timeout: Duration,
    /// Its memory in MiB.
    pub(crate) memory: u32,
    /// Its environment variables.
    pub(crate) environment: BTreeMap<String, String>,
}

/// Something that a function makes while the stack is deployed.
#[derive(Debug)]
pub(crate) struct CustomResource {
    /// Its logical id.
    pub(crate) name: String,
    /// Its type, as in `Custom::Indexes`.
    pub(crate) kind: String,
    /// The function that makes it.
    pub(crate) function: String,
}

/// A route of the HTTP API.
#[derive(Debug)]
pub(crate) struct HttpRoute {
    /// The method in capitals, or `ANY`.
    pub(crate) method: String,
    /// The path with `{parameters}`.
    pub(crate) path: String,
    /// The function that answers.
    pub(crate) function: String,
}

/// The CORS settings of the HTTP API.
#[derive(Debug)]
pub(crate) struct Cors {
    /// The origins that may read answers.
    pub(crate) origins: Vec<String>,
    /// The methods that they may use.
    pub(crate) methods: Vec<String>,
    /// The headers that they may send.
    pub(crate) headers: Vec<String>,
    /// The headers of answers that they may read.
    pub(crate) exposed: Vec<String>,
    /// Whether cookies come along.
    pub(crate) credentials: bool,
    /// For how many seconds a browser may remember this.
    pub(crate) max_age: Option<String>,
}

/// The WebSocket API.
#[derive(Debug)]
pub(crate) struct WebSocketApi {
    /// The stage, the first and only segment of its path.
    pub(crate) stage: String,
    /// The field of a frame that selects the route.
    pub(crate) selector: String,
    /// The functions by the keys of their routes.
    pub(crate) routes: BTreeMap<String, String>,
}

/// What is different on this machine from what the template says.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    /// Values for parameters.
    pub(crate) parameters: HashMap<&'static str, String>,
    /// Values for environment variables, wherever a function has them.
    pub(crate) environment: HashMap<&'static str, String>,
}

impl Function {
    /// An error that points at this function.
    pub(crate) fn error(&self, reason: String) -> TemplateError {
        TemplateError { line: self.line, reason }
    }
}

impl Template {
    /// Whether a route or a custom resource invokes this function.
    pub(crate) fn is_invoked(&self, function: &str) -> bool {
        self.http_routes.iter().any(|route| route.function == function)
            || self.websocket.routes.values().any(|route| route == function)
            || self.custom_resources.iter().any(|resource| resource.function == function)
    }

    /// Reads the template at `path`. `environment` is asked for each variable of a function first, then the overrides, then the template.
    pub(crate) fn load(
        path: &Path,
        overrides: &Overrides,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| TemplateError { line: 1, reason: format!("cannot be read: {error}") })?;
        Self::parse(&text, overrides, environment)
    }

    fn parse(
        text: &str,
        overrides: &Overrides,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, TemplateError> {
        let root = Node::parse(text)?;
        Reader::new(&root, overrides, &environment).read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"
Parameters:
  Origins: {Type: CommaDelimitedList, Default: 'https://a.example, https://b.example'}
  Stage: {Type: String, Default: api}
Conditions:
  IsApi: !Equals [!Ref Stage, api]
Globals:
  Function: {Timeout: 10, Environment: {Variables: {SHARED: same}}}
Resources:
  Http:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {AllowOrigins: !Ref Origins, AllowCredentials: true}
  SendOtp:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/send-otp
      MemorySize: 256
      Environment:
        Variables:
          ORIGINS: !Join [';', !Ref Origins]
          URL: !Sub 'wss://${Socket}.${AWS::Region}/${Stage}'
          CHOICE: !If [IsApi, 'yes', 'no']
          SECRET: !Sub '{{resolve:secretsmanager:x}}'
      Events: {Api: {Type: HttpApi, Properties: {Method: post, Path: /api/sendOtp}}}
  Join: {Type: AWS::Serverless::Function, Properties: {CodeUri: target/lambda/join-chat-room}}
  Made: {Type: Custom::Thing, Properties: {ServiceToken: !GetAtt Join.Arn}}
  Socket:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: !Ref Stage
      Routes: {$connect: {FunctionArn: !GetAtt SendOtp.Arn}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {IntegrationUri: !Sub 'arn:aws:apigateway:x:lambda:path/2015-03-31/functions/${Join.Arn}/invocations'}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {RouteKey: join-chat-room, Target: !Sub 'integrations/${Integration}'}
"#;

    fn parse(template: &str) -> Result<Template, TemplateError> {
        let overrides = Overrides { environment: [("SECRET", "known".to_owned())].into(), ..Overrides::default() };
        Template::parse(template, &overrides, |name| (name == "SHARED").then(|| "mine".to_owned()))
    }

    #[test]
    fn a_function_has_its_own_settings_and_the_global_ones() {
        let template = parse(TEMPLATE).unwrap();
        let function = &template.functions["SendOtp"];
        assert_eq!((function.name.as_str(), function.timeout.as_secs(), function.memory), ("SendOtp", 10, 256));
        let variable = |name: &str| function.environment[name].as_str();
        assert_eq!(variable("ORIGINS"), "https://a.example;https://b.example");
        assert_eq!(variable("URL"), "wss://Socket.us-east-1/api");
        assert_eq!(variable("CHOICE"), "yes");
        assert_eq!(variable("SECRET"), "known", "an override replaces what the template says");
        assert_eq!(variable("SHARED"), "mine", "the environment replaces everything");
    }

    #[test]
    fn routes_and_custom_resources_lead_to_functions() {
        let template = parse(TEMPLATE).unwrap();
        let route = &template.http_routes[0];
        assert_eq!(
            (route.method.as_str(), route.path.as_str(), route.function.as_str()),
            ("POST", "/api/sendOtp", "SendOtp")
        );
        assert_eq!(template.websocket.routes["$connect"], "SendOtp");
        assert_eq!(template.websocket.routes["join-chat-room"], "Join");
        assert_eq!(template.custom_resources[0].function, "Join");
        assert_eq!(template.cors.unwrap().origins, ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn an_error_names_the_line_and_what_is_wrong() {
        let error = |from: &str, to: &str| parse(&TEMPLATE.replace(from, to)).unwrap_err().to_string();
        assert_eq!(
            error("!Ref Stage\n", "!Ref Stag\n"),
            "template.yaml, line 32: there is no parameter or resource Stag"
        );
        assert_eq!(
            error("!Join [';'", "!Jion [';'"),
            "template.yaml, line 21: !Jion is not known here, or not in this form"
        );
        assert_eq!(
            error("!GetAtt SendOtp.Arn", "!GetAtt Nobody.Arn"),
            "template.yaml, line 33: Nobody.Arn is not the ARN of a function of this template"
        );
    }
}
