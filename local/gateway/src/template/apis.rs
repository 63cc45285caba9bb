//! Reads the HTTP API and the WebSocket API, their routes and their limits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::TemplateError;
use super::model::{Cors, HttpApi, HttpRoute, Limit, Throttling, WebSocketApi, WebSocketRoute};
use super::resources::Resources;
use super::yaml::Node;

pub(super) const HTTP_API: &str = "AWS::Serverless::HttpApi";
pub(super) const WEBSOCKET_API: &str = "AWS::Serverless::WebSocketApi";

/// The stage of an HTTP API without a `StageName`.
const DEFAULT_STAGE: &str = "$default";

/// How long API Gateway waits for a function, and the bounds of `TimeoutInMillis`
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-integration.html>).
const HTTP_TIMEOUT: Duration = Duration::from_secs(30);
const WEBSOCKET_TIMEOUT: Duration = Duration::from_secs(29);
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(50);

impl Resources<'_> {
    pub(super) fn http_route(&self, event: &Node, function: &str) -> Result<HttpRoute, TemplateError> {
        let kind = event.require("Type")?;
        if self.values.text(kind)? != "HttpApi" {
            return Err(kind.error("only events of the type HttpApi are supported"));
        }
        let properties = event.require("Properties")?;
        Ok(HttpRoute {
            method: self.values.text(properties.require("Method")?)?.to_uppercase(),
            path: self.values.text(properties.require("Path")?)?,
            function: function.to_owned(),
            timeout: self.timeout(properties.get("TimeoutInMillis"), HTTP_TIMEOUT)?,
        })
    }

    pub(super) fn http(&self, routes: Vec<HttpRoute>) -> Result<Option<HttpApi>, TemplateError> {
        let apis = self.of(HTTP_API)?;
        if let [_, (name, second), ..] = apis.as_slice() {
            return Err(second.error(format!("{name} is a second HTTP API, and only one is supported")));
        }
        let Some((_, api)) = apis.first() else {
            let (stage, throttling) = (DEFAULT_STAGE.to_owned(), Throttling::default());
            let implicit = HttpApi { stage, routes, cors: None, throttling };
            return Ok((!implicit.routes.is_empty()).then_some(implicit));
        };
        let stage = api.path(&["Properties", "StageName"]).map(|stage| self.values.text(stage)).transpose()?;
        let throttling = self.throttling(api, |key| routes.iter().any(|route| route.key() == key))?;
        let stage = stage.unwrap_or_else(|| DEFAULT_STAGE.to_owned());
        Ok(Some(HttpApi { stage, routes, cors: self.cors(api)?, throttling }))
    }

    fn cors(&self, api: &Node) -> Result<Option<Cors>, TemplateError> {
        let Some(cors) = api.path(&["Properties", "CorsConfiguration"]) else { return Ok(None) };
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

    pub(super) fn websocket(&self) -> Result<Option<WebSocketApi>, TemplateError> {
        let apis = self.of(WEBSOCKET_API)?;
        if let [_, (name, second), ..] = apis.as_slice() {
            return Err(second.error(format!("{name} is a second WebSocket API, and only one is supported")));
        }
        let Some((name, api)) = apis.first() else { return Ok(None) };
        let properties = api.require("Properties")?;
        let expression = properties.require("RouteSelectionExpression")?;
        let selector = self.values.text(expression)?.strip_prefix("$request.body.").map(str::to_owned);
        let mut routes = BTreeMap::new();
        for (key, route) in properties.require("Routes")?.entries() {
            let function = route.require("FunctionArn")?;
            let function = self.function_with_arn(function, &self.values.text(function)?)?;
            let timeout = self.timeout(route.get("IntegrationTimeout"), WEBSOCKET_TIMEOUT)?;
            routes.insert(key.to_owned(), WebSocketRoute { function, timeout });
        }
        for (_, route) in self.of("AWS::ApiGatewayV2::Route")? {
            let (key, route) = self.raw_route(route)?;
            routes.insert(key, route);
        }
        Ok(Some(WebSocketApi {
            name: (*name).to_owned(),
            stage: self.values.text(properties.require("StageName")?)?,
            selector: selector.ok_or_else(|| expression.error("must be $request.body. and the name of a field"))?,
            throttling: self.throttling(api, |key| routes.contains_key(key))?,
            routes,
        }))
    }

    /// Resolves a route that is written as CloudFormation resources, through its integration.
    /// Returns it with its key.
    fn raw_route(&self, route: &Node) -> Result<(String, WebSocketRoute), TemplateError> {
        let key = self.values.text(route.require("Properties")?.require("RouteKey")?)?;
        let target = route.require("Properties")?.require("Target")?;
        let text = self.values.text(target)?;
        let integration = text.strip_prefix("integrations/").and_then(|name| self.root.path(&["Resources", name]));
        let integration =
            integration.ok_or_else(|| target.error("must be integrations/ and the reference to an integration"))?;
        let properties = integration.require("Properties")?;
        let uri = properties.require("IntegrationUri")?;
        let text = self.values.text(uri)?;
        // arn:…:lambda:path/2015-03-31/functions/NAME.Arn/invocations
        let function = text.split('/').rev().nth(1).unwrap_or_default();
        let function = self.function_with_arn(uri, function)?;
        let timeout = self.timeout(properties.get("TimeoutInMillis"), WEBSOCKET_TIMEOUT)?;
        Ok((key, WebSocketRoute { function, timeout }))
    }

    /// Reads how long API Gateway waits for a function. `longest` is also the default.
    fn timeout(&self, node: Option<&Node>, longest: Duration) -> Result<Duration, TemplateError> {
        let Some(node) = node else { return Ok(longest) };
        let timeout = Duration::from_millis(self.number("a timeout", node)?);
        if (SHORTEST_TIMEOUT..=longest).contains(&timeout) {
            Ok(timeout)
        } else {
            Err(node.error(format!("a timeout must be between 50 and {} milliseconds", longest.as_millis())))
        }
    }

    /// Reads the limits of a stage. Each key must be that of a route, or API Gateway refuses the
    /// deployment.
    fn throttling(&self, api: &Node, is_route: impl Fn(&str) -> bool) -> Result<Throttling, TemplateError> {
        let default = api.path(&["Properties", "DefaultRouteSettings"]).map(|settings| self.limit(settings));
        let mut throttling = Throttling { default: default.transpose()?.flatten(), routes: BTreeMap::new() };
        for (key, settings) in api.path(&["Properties", "RouteSettings"]).into_iter().flat_map(Node::entries) {
            if !is_route(key) {
                return Err(settings.error(format!("RouteSettings has the key {key}, and there is no such route")));
            }
            if let Some(limit) = self.limit(settings)? {
                throttling.routes.insert(key.to_owned(), limit);
            }
        }
        Ok(throttling)
    }

    /// Reads a limit. A half that is absent is the account's.
    fn limit(&self, settings: &Node) -> Result<Option<Limit>, TemplateError> {
        let half = |key: &str| settings.get(key).map(|node| self.number::<f64>(key, node)).transpose();
        Ok(match (half("ThrottlingRateLimit")?, half("ThrottlingBurstLimit")?) {
            (None, None) => None,
            (rate, burst) => {
                Some(Limit { rate: rate.unwrap_or(Limit::ACCOUNT.rate), burst: burst.unwrap_or(Limit::ACCOUNT.burst) })
            }
        })
    }
}
