//! The parts of `template.yaml` that tests need.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;

use serde_json::{Map, Value};

use crate::workspace::{TEMPLATE, workspace};

/// The template that is deployed.
pub struct Template {
    /// The functions, in the order of their logical ids.
    pub functions: Vec<Function>,
    text: String,
    policies: Vec<Policy>,
}

/// A function of the template.
pub struct Function {
    /// Its logical id.
    pub name: String,
    /// Its binary.
    pub binary: String,
    /// The routes that invoke it.
    pub routes: Vec<Route>,
    /// The names of its environment variables.
    pub variables: BTreeSet<String>,
    /// Its permissions, each an action and a resource below the stage of an API, such as
    /// `execute-api:ManageConnections POST/@connections/*`.
    pub permissions: BTreeSet<String>,
}

/// A route that invokes a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// A route of the HTTP API.
    Http {
        /// The method, in capitals.
        method: String,
        /// The path, with `{parameters}`.
        path: String,
    },
    /// A route of the WebSocket API.
    WebSocket {
        /// Its key: an action, or `$connect`, `$disconnect` or `$default`.
        key: String,
    },
    /// A resource that the function creates while the stack is deployed.
    CustomResource {
        /// Its type, such as `Custom::Indexes`.
        kind: String,
    },
}

/// A managed policy.
struct Policy {
    name: String,
    permissions: BTreeSet<String>,
}

impl Template {
    /// Reads the template of the workspace.
    pub fn read() -> Self {
        let text = fs::read_to_string(workspace().join(TEMPLATE)).unwrap();
        let template: yaml_serde::Value = yaml_serde::from_str(&text).unwrap();
        // A tag becomes a key: `!Ref X` is `{"!Ref": "X"}`.
        let template = serde_json::to_value(template).unwrap();
        let global = &template["Globals"]["Function"];
        for setting in ["Environment", "Policies"] {
            assert!(global[setting].is_null(), "Globals must not give {setting} to functions that do not need it");
        }
        let resources = template["Resources"].as_object().unwrap();
        let of_type = |kind: &'static str| resources.iter().filter(move |(_, resource)| resource["Type"] == kind);
        let policies: Vec<_> =
            of_type("AWS::IAM::ManagedPolicy").map(|(name, policy)| Policy::read(name, policy)).collect();
        let mut functions: Vec<_> = of_type("AWS::Serverless::Function")
            .map(|(name, function)| Function::read(name, &function["Properties"], resources, &policies))
            .collect();
        functions.sort_by(|one, other| one.name.cmp(&other.name));
        Self { functions, text, policies }
    }

    /// Returns the functions that clients invoke, through either API.
    pub fn endpoints(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().filter(|function| function.is_endpoint())
    }

    /// Returns the environment variables of all functions.
    pub fn variables(&self) -> BTreeSet<&str> {
        self.functions.iter().flat_map(|function| &function.variables).map(String::as_str).collect()
    }

    /// Returns the line that sets an environment variable, from any function that has it.
    pub fn line_of_variable(&self, variable: &str) -> Option<&str> {
        let start = format!("{variable}:");
        self.text.lines().map(str::trim).find(|line| line.starts_with(&start))
    }

    /// Returns the line that grants exactly these permissions, if the template's policies can
    /// express them.
    pub fn line_of_policies(&self, permissions: &BTreeSet<String>) -> Option<String> {
        let fitting = || self.policies.iter().filter(|policy| policy.permissions.is_subset(permissions));
        let granted: BTreeSet<_> = fitting().flat_map(|policy| &policy.permissions).collect();
        let names: Vec<_> = fitting().map(|policy| format!("!Ref {}", policy.name)).collect();
        (granted.len() == permissions.len()).then(|| format!("Policies: [{}]", names.join(", ")))
    }
}

impl Function {
    fn read(name: &str, properties: &Value, resources: &Map<String, Value>, policies: &[Policy]) -> Self {
        let variables = properties["Environment"]["Variables"].as_object().into_iter().flat_map(Map::keys);
        let permissions = properties["Policies"].as_array().into_iter().flatten().flat_map(|policy| {
            let known = policies.iter().find(|known| policy["!Ref"] == *known.name);
            // A policy of another form is not a permission that any function needs.
            known.map_or_else(|| [policy.to_string()].into(), |known| known.permissions.clone())
        });
        Self {
            name: name.to_owned(),
            binary: text(&properties["CodeUri"]).rsplit('/').next().unwrap().to_owned(),
            routes: routes(name, properties, resources),
            variables: variables.cloned().collect(),
            permissions: permissions.collect(),
        }
    }

    /// Returns whether clients invoke the function, through either API.
    pub fn is_endpoint(&self) -> bool {
        self.routes.iter().any(|route| !matches!(route, Route::CustomResource { .. }))
    }
}

/// Returns the routes that invoke this function.
fn routes(function: &str, properties: &Value, resources: &Map<String, Value>) -> Vec<Route> {
    let arn = format!("{function}.Arn");
    let mut routes = Vec::new();
    for event in properties["Events"].as_object().into_iter().flat_map(Map::values) {
        let route = &event["Properties"];
        routes
            .push(Route::Http { method: text(&route["Method"]).to_uppercase(), path: text(&route["Path"]).to_owned() });
    }
    for resource in resources.values() {
        let properties = &resource["Properties"];
        match text(&resource["Type"]) {
            "AWS::Serverless::WebSocketApi" => {
                let keys = properties["Routes"].as_object().into_iter().flatten();
                let own = keys.filter(|(_, route)| route["FunctionArn"]["!GetAtt"] == arn);
                routes.extend(own.map(|(key, _)| Route::WebSocket { key: key.clone() }));
            }
            "AWS::ApiGatewayV2::Route" => {
                let target = text(&properties["Target"]["!Sub"]);
                let integration = target.trim_start_matches("integrations/${").trim_end_matches('}');
                let uri = text(&resources[integration]["Properties"]["IntegrationUri"]["!Sub"]);
                if uri.contains(&format!("/${{{arn}}}/")) {
                    routes.push(Route::WebSocket { key: text(&properties["RouteKey"]).to_owned() });
                }
            }
            kind if properties["ServiceToken"]["!GetAtt"] == arn => {
                routes.push(Route::CustomResource { kind: kind.to_owned() });
            }
            _ => {}
        }
    }
    routes
}

impl Policy {
    fn read(name: &str, policy: &Value) -> Self {
        /// The start of the ARNs below the stage of the WebSocket API.
        const API: &str = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}/api/";
        let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
        let permissions = statements.iter().map(|statement| {
            let resource = statement["Resource"]["!Sub"].as_str().and_then(|resource| resource.strip_prefix(API));
            match (statement["Action"].as_str(), resource) {
                (Some(action), Some(resource)) if statement["Effect"] == "Allow" => format!("{action} {resource}"),
                // Anything else is not a permission that any function needs.
                _ => statement.to_string(),
            }
        });
        Self { name: name.to_owned(), permissions: permissions.collect() }
    }
}

impl fmt::Display for Route {
    /// Writes the key that events of this route contain.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { method, path } => write!(f, "{method} {path}"),
            Self::WebSocket { key } => f.write_str(key),
            Self::CustomResource { kind } => f.write_str(kind),
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
