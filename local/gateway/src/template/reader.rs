//! Finds functions and routes among the resources of a template.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::addresses::{IMPLICIT_HTTP_API, localize_http, localize_websocket};
use super::apis::{HTTP_API, WEBSOCKET_API};
use super::constraints;
use super::error::TemplateError;
use super::model::{Function, Overrides, Template};
use super::resources::{FUNCTION, Resources};
use super::yaml::Node;

/// The folder that `cargo lambda build` writes a folder per binary to.
const LAMBDA_FOLDER: &str = "target/lambda/";

/// Lambda's own defaults: the timeout in seconds and the memory in MiB (AWS SAM Developer Guide,
/// `AWS::Serverless::Function`).
const DEFAULT_TIMEOUT: u32 = 3;
const DEFAULT_MEMORY: u32 = 128;

/// The number of retries of an asynchronous invocation without `MaximumRetryAttempts`
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>).
const DEFAULT_RETRIES: u32 = 2;

/// Looks up an environment variable.
pub(crate) type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Reads the template at `path`. The value of a function's variable comes from `environment`, else
/// from `overrides`, else from the template.
pub(crate) fn load(path: &Path, overrides: &Overrides, environment: &Environment) -> Result<Template, TemplateError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| TemplateError { line: 1, reason: format!("cannot be read: {error}") })?;
    parse(&text, overrides, environment)
}

fn parse(text: &str, overrides: &Overrides, environment: &Environment) -> Result<Template, TemplateError> {
    let root = Node::parse(text)?;
    let resources = Resources::new(&root, &overrides.parameters);
    constraints::check(&root, &resources.values)?;
    Reader { resources, overrides, environment }.read()
}

struct Reader<'a> {
    resources: Resources<'a>,
    overrides: &'a Overrides,
    environment: &'a Environment,
}

impl Reader<'_> {
    fn read(&self) -> Result<Template, TemplateError> {
        let mut functions = BTreeMap::new();
        let mut http_routes = Vec::new();
        for (name, resource) in self.resources.of(FUNCTION)? {
            for (_, event) in resource.path(&["Properties", "Events"]).into_iter().flat_map(Node::entries) {
                http_routes.push(self.resources.http_route(event, name)?);
            }
            functions.insert(name.to_owned(), self.function(name, resource)?);
        }
        Ok(Template {
            functions,
            custom_resources: self.resources.custom_resources()?,
            http: self.resources.http(http_routes)?,
            websocket: self.resources.websocket()?,
        })
    }

    fn function(&self, name: &str, resource: &Node) -> Result<Function, TemplateError> {
        let properties = resource.require("Properties")?;
        let globals = self.resources.root.path(&["Globals", "Function"]);
        let setting = |path: &[&str]| properties.path(path).or_else(|| globals?.path(path));
        let number =
            |key: &str, default: u32| setting(&[key]).map_or(Ok(default), |node| self.resources.number(key, node));
        let code = properties.require("CodeUri")?;
        let binary = binary(&self.resources.values.text(code)?);
        let mut environment = BTreeMap::new();
        for scope in [globals, Some(properties)].into_iter().flatten() {
            for (variable, value) in scope.path(&["Environment", "Variables"]).into_iter().flat_map(Node::entries) {
                environment.insert(variable.to_owned(), self.variable(variable, value)?);
            }
        }
        Ok(Function {
            name: name.to_owned(),
            line: code.line,
            binary: binary.ok_or_else(|| code.error("CodeUri must be target/lambda/ and the name of a binary"))?,
            timeout: Duration::from_secs(number("Timeout", DEFAULT_TIMEOUT)?.into()),
            memory: number("MemorySize", DEFAULT_MEMORY)?,
            environment,
            json_logs: match setting(&["LoggingConfig", "LogFormat"]) {
                Some(format) => self.resources.values.text(format)? == "JSON",
                None => false,
            },
            retries: match setting(&["EventInvokeConfig", "MaximumRetryAttempts"]) {
                Some(node) => self.resources.number("MaximumRetryAttempts", node)?,
                None => DEFAULT_RETRIES,
            },
            statements: self.resources.statements(properties)?,
        })
    }

    fn variable(&self, name: &str, value: &Node) -> Result<String, TemplateError> {
        match (self.environment)(name).or_else(|| self.overrides.variables.get(name).cloned()) {
            Some(value) => Ok(value),
            None => self.localize(self.resources.values.text(value)?),
        }
    }

    /// Replaces the public addresses of both APIs with their addresses on this machine.
    fn localize(&self, mut text: String) -> Result<String, TemplateError> {
        let apis = self.resources.of(HTTP_API)?.into_iter().map(|(name, _)| name);
        for api in apis.chain([IMPLICIT_HTTP_API]) {
            text = localize_http(&text, api, self.overrides.http_port);
        }
        for (api, _) in self.resources.of(WEBSOCKET_API)? {
            text = localize_websocket(&text, api, self.overrides.websocket_port);
        }
        Ok(text)
    }
}

/// Returns the name of the binary in a folder such as `target/lambda/NAME`, which may be relative
/// to another folder.
fn binary(code_uri: &str) -> Option<String> {
    let (folder, name) = code_uri.split_once(LAMBDA_FOLDER)?;
    let name = name.trim_end_matches('/');
    let is_folder = folder.is_empty() || folder.ends_with('/');
    (is_folder && !name.is_empty() && !name.contains('/')).then(|| name.to_owned())
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
  PlaceOrder:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/place-order
      MemorySize: 256
      Environment:
        Variables:
          ORIGINS: !Join [';', !Ref Origins]
          URL: !Sub 'wss://elsewhere.${AWS::Region}/${Stage}'
          SOCKETS: !Sub 'wss://${Socket}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Socket.Stage}'
          CONNECTIONS: !Sub 'https://${Socket}.execute-api.${AWS::Region}.amazonaws.com/${Stage}'
          API: !GetAtt Http.ApiEndpoint
          STAGE: !Ref Socket.Stage
          CHOICE: !If [IsApi, 'yes', 'no']
          SECRET: !Sub '{{resolve:secretsmanager:x}}'
      Events: {Api: {Type: HttpApi, Properties: {Method: post, Path: /api/orders}}}
  Follow: {Type: AWS::Serverless::Function, Properties: {CodeUri: target/lambda/follow-order}}
  Created: {Type: Custom::Thing, Properties: {ServiceToken: !GetAtt Follow.Arn}}
  Socket:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: !Ref Stage
      Routes: {$connect: {FunctionArn: !GetAtt PlaceOrder.Arn}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {IntegrationUri: !Sub 'arn:aws:apigateway:x:lambda:path/2015-03-31/functions/${Follow.Arn}/invocations'}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {RouteKey: follow-order, Target: !Sub 'integrations/${Integration}'}
"#;

    const SOCKETS: &str = r#"
Resources:
  Echo: {Type: AWS::Serverless::Function, Properties: {CodeUri: ../target/lambda/echo}}
  Socket:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.type
      StageName: live
      Routes: {$default: {FunctionArn: !GetAtt Echo.Arn}}
"#;

    const HTTP: &str = r#"
Resources:
  Api: {Type: AWS::Serverless::HttpApi, Properties: {StageName: v1}}
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/echo/
      Events: {Api: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: any, Path: /echo}}}
"#;

    fn parse(template: &str) -> Result<Template, TemplateError> {
        let overrides = Overrides {
            variables: [("SECRET".to_owned(), "known".to_owned())].into(),
            http_port: 3000,
            websocket_port: 3001,
            ..Overrides::default()
        };
        super::parse(template, &overrides, &|name| (name == "SHARED").then(|| "mine".to_owned()))
    }

    #[test]
    fn a_function_has_its_own_settings_and_the_global_ones() {
        let template = parse(TEMPLATE).unwrap();
        let function = &template.functions["PlaceOrder"];
        assert_eq!((function.name.as_str(), function.timeout.as_secs(), function.memory), ("PlaceOrder", 10, 256));
        let variable = |name: &str| function.environment[name].as_str();
        assert_eq!(variable("ORIGINS"), "https://a.example;https://b.example");
        assert_eq!(variable("URL"), "wss://elsewhere.us-east-1/api");
        assert_eq!(variable("STAGE"), "api");
        assert_eq!(variable("CHOICE"), "yes");
        assert_eq!(variable("SECRET"), "known", "an override replaces the value of the template");
        assert_eq!(variable("SHARED"), "mine", "the environment replaces everything");
    }

    #[test]
    fn public_addresses_become_local_ones() {
        let template = parse(TEMPLATE).unwrap();
        let variable = |name: &str| template.functions["PlaceOrder"].environment[name].as_str();
        assert_eq!(variable("SOCKETS"), "ws://localhost:3001/api");
        assert_eq!(variable("CONNECTIONS"), "http://127.0.0.1:3001/api");
        assert_eq!(variable("API"), "http://localhost:3000");
    }

    #[test]
    fn routes_and_custom_resources_resolve_to_functions() {
        let template = parse(TEMPLATE).unwrap();
        let (http, websocket) = (template.http.unwrap(), template.websocket.unwrap());
        let route = &http.routes[0];
        assert_eq!(
            (route.method.as_str(), route.path.as_str(), route.function.as_str()),
            ("POST", "/api/orders", "PlaceOrder")
        );
        assert_eq!(http.stage, "$default");
        assert_eq!(http.cors.unwrap().origins, ["https://a.example", "https://b.example"]);
        assert_eq!(websocket.routes["$connect"].function, "PlaceOrder");
        assert_eq!(websocket.routes["follow-order"].function, "Follow");
        assert_eq!(template.custom_resources[0].function, "Follow");
    }

    #[test]
    fn a_websocket_api_alone_is_enough() {
        let template = parse(SOCKETS).unwrap();
        let websocket = template.websocket.unwrap();
        assert!(template.http.is_none());
        assert_eq!((websocket.stage.as_str(), websocket.selector.as_str()), ("live", "type"));
        assert_eq!(template.functions["Echo"].binary, "echo");
    }

    #[test]
    fn an_http_api_alone_is_enough() {
        let template = parse(HTTP).unwrap();
        assert!(template.websocket.is_none());
        assert_eq!(template.http.unwrap().stage, "v1");
    }

    #[test]
    fn events_without_an_api_belong_to_the_implicit_one() {
        let template = parse(&HTTP.replace("AWS::Serverless::HttpApi", "AWS::S3::Bucket")).unwrap();
        assert_eq!(template.http.unwrap().stage, "$default");
    }

    #[test]
    fn a_second_api_of_a_kind_is_refused() {
        for (template, kind) in [(HTTP, "AWS::Serverless::HttpApi"), (SOCKETS, "AWS::Serverless::WebSocketApi")] {
            let error = parse(&format!("{template}  Again: {{Type: {kind}}}\n")).unwrap_err();
            assert!(error.reason.contains("Again is a second"), "{error}");
        }
    }

    #[test]
    fn an_error_names_the_line_and_the_problem() {
        let error = |from: &str, to: &str| parse(&TEMPLATE.replace(from, to)).unwrap_err().to_string();
        assert_eq!(error("!Ref Stage\n", "!Ref Stag\n"), "line 36: there is no parameter or resource Stag");
        assert_eq!(error("!Join [';'", "!Jion [';'"), "line 21: !Jion is not supported, or not in this form");
        assert_eq!(
            error("!GetAtt PlaceOrder.Arn", "!GetAtt Http.Arn"),
            "line 37: Http.Arn is not the ARN of a function of this template"
        );
    }
}
