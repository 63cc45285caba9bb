//! Finding functions and routes among the resources of a template.

use std::collections::BTreeMap;
use std::time::Duration;

use super::values::Values;
use super::yaml::Node;
use super::{Cors, CustomResource, Function, HttpRoute, Overrides, Template, TemplateError, WebSocketApi};

/// Reads one template.
pub(super) struct Reader<'a> {
    root: &'a Node,
    values: Values<'a>,
    overrides: &'a Overrides,
    environment: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Reader<'a> {
    /// `environment` is asked for each variable of a function before `overrides` are.
    pub(super) fn new(
        root: &'a Node,
        overrides: &'a Overrides,
        environment: &'a dyn Fn(&str) -> Option<String>,
    ) -> Self {
        Self { root, values: Values::new(root, &overrides.parameters), overrides, environment }
    }

    pub(super) fn read(&self) -> Result<Template, TemplateError> {
        let mut functions = BTreeMap::new();
        let mut http_routes = Vec::new();
        for (name, resource) in self.resources("AWS::Serverless::Function")? {
            for (_, event) in resource.path(&["Properties", "Events"]).into_iter().flat_map(Node::entries) {
                http_routes.push(self.http_route(event, name)?);
            }
            functions.insert(name.to_owned(), self.function(name, resource)?);
        }
        Ok(Template {
            functions,
            custom_resources: self.custom_resources()?,
            http_routes,
            cors: self.cors()?,
            websocket: self.websocket()?,
        })
    }

    fn custom_resources(&self) -> Result<Vec<CustomResource>, TemplateError> {
        let mut found = Vec::new();
        for (name, resource) in self.root.require("Resources")?.entries() {
            let kind = self.values.text(resource.require("Type")?)?;
            if kind.starts_with("Custom::") {
                let token = resource.require("Properties")?.require("ServiceToken")?;
                let function = self.function_of(token, &self.values.text(token)?)?;
                found.push(CustomResource { name: name.to_owned(), kind, function });
            }
        }
        Ok(found)
    }

    fn resources(&self, kind: &str) -> Result<Vec<(&str, &Node)>, TemplateError> {
        let resources = self.root.require("Resources")?.entries();
        resources
            .filter_map(|(name, resource)| match resource.require("Type").and_then(|node| self.values.text(node)) {
                Ok(found) => (found == kind).then_some(Ok((name, resource))),
                Err(error) => Some(Err(error)),
            })
            .collect()
    }

    fn function(&self, name: &str, resource: &Node) -> Result<Function, TemplateError> {
        let properties = resource.require("Properties")?;
        let globals = self.root.path(&["Globals", "Function"]);
        let setting = |key: &str| properties.get(key).or_else(|| globals?.get(key));
        let number = |key: &str, default: u32| match setting(key) {
            Some(node) => self.values.text(node)?.parse().map_err(|_| node.error(format!("{key} must be a number"))),
            None => Ok(default),
        };
        let code = properties.require("CodeUri")?;
        let binary = self.values.text(code)?.strip_prefix("target/lambda/").map(str::to_owned);
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
            // Lambda's own defaults: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
            timeout: Duration::from_secs(number("Timeout", 3)?.into()),
            memory: number("MemorySize", 128)?,
            environment,
        })
    }

    fn variable(&self, name: &str, value: &Node) -> Result<String, TemplateError> {
        match (self.environment)(name).or_else(|| self.overrides.environment.get(name).cloned()) {
            Some(value) => Ok(value),
            None => self.values.text(value),
        }
    }

    fn http_route(&self, event: &Node, function: &str) -> Result<HttpRoute, TemplateError> {
        let kind = event.require("Type")?;
        if self.values.text(kind)? != "HttpApi" {
            return Err(kind.error("only HttpApi events can be run here"));
        }
        let properties = event.require("Properties")?;
        Ok(HttpRoute {
            method: self.values.text(properties.require("Method")?)?.to_uppercase(),
            path: self.values.text(properties.require("Path")?)?,
            function: function.to_owned(),
        })
    }

    fn cors(&self) -> Result<Option<Cors>, TemplateError> {
        let apis = self.resources("AWS::Serverless::HttpApi")?;
        let Some(cors) = apis.first().and_then(|(_, api)| api.path(&["Properties", "CorsConfiguration"])) else {
            return Ok(None);
        };
        let list = |key: &str| cors.get(key).map_or(Ok(Vec::new()), |node| self.values.list(node));
        Ok(Some(Cors {
            origins: list("AllowOrigins")?,
            methods: list("AllowMethods")?,
            headers: list("AllowHeaders")?,
            exposed: list("ExposeHeaders")?,
            credentials: list("AllowCredentials")? == ["true"],
            max_age: cors.get("MaxAge").map(|node| self.values.text(node)).transpose()?,
        }))
    }

    fn websocket(&self) -> Result<WebSocketApi, TemplateError> {
        let apis = self.resources("AWS::Serverless::WebSocketApi")?;
        let Some((_, api)) = apis.first() else {
            return Err(self.root.error("there is no AWS::Serverless::WebSocketApi"));
        };
        let properties = api.require("Properties")?;
        let expression = properties.require("RouteSelectionExpression")?;
        let selector = self.values.text(expression)?.strip_prefix("$request.body.").map(str::to_owned);
        let mut routes = BTreeMap::new();
        for (key, route) in properties.require("Routes")?.entries() {
            let function = route.require("FunctionArn")?;
            routes.insert(key.to_owned(), self.function_of(function, &self.values.text(function)?)?);
        }
        for (_, route) in self.resources("AWS::ApiGatewayV2::Route")? {
            let (key, function) = self.raw_route(route)?;
            routes.insert(key, function);
        }
        Ok(WebSocketApi {
            stage: self.values.text(properties.require("StageName")?)?,
            selector: selector.ok_or_else(|| expression.error("must be $request.body. and the name of a field"))?,
            routes,
        })
    }

    /// A route that is spelt out in CloudFormation's own resources, through its integration to its function.
    fn raw_route(&self, route: &Node) -> Result<(String, String), TemplateError> {
        let key = self.values.text(route.require("Properties")?.require("RouteKey")?)?;
        let target = route.require("Properties")?.require("Target")?;
        let text = self.values.text(target)?;
        let integration = text.strip_prefix("integrations/").and_then(|name| self.root.path(&["Resources", name]));
        let integration =
            integration.ok_or_else(|| target.error("must be integrations/ and the reference to an integration"))?;
        let uri = integration.require("Properties")?.require("IntegrationUri")?;
        let text = self.values.text(uri)?;
        // arn:…:lambda:path/2015-03-31/functions/NAME.Arn/invocations
        let function = text.split('/').rev().nth(1).unwrap_or_default();
        Ok((key, self.function_of(uri, function)?))
    }

    /// The logical id of the function with this ARN.
    fn function_of(&self, node: &Node, arn: &str) -> Result<String, TemplateError> {
        let name = arn.strip_suffix(".Arn").unwrap_or_default();
        let functions = self.resources("AWS::Serverless::Function")?;
        let found = functions.into_iter().find(|(function, _)| *function == name);
        found
            .map(|(function, _)| function.to_owned())
            .ok_or_else(|| node.error(format!("{arn} is not the ARN of a function of this template")))
    }
}
