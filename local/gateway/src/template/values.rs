//! Resolves CloudFormation's intrinsic functions for this machine.

use std::collections::HashMap;

use super::addresses::{IMPLICIT_HTTP_API, endpoint};
use super::error::TemplateError;
use super::yaml::{Node, Value};
use crate::ids::{ACCOUNT_ID, REGION, URL_SUFFIX};

/// The value of a property once its intrinsic functions are resolved.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Resolved {
    Text(String),
    List(Vec<String>),
    /// `!Ref AWS::NoValue`: as if the property were absent.
    Nothing,
}

/// Resolves intrinsic functions. The value of a parameter comes from `overrides`, else from its
/// default. A resource resolves to its logical id.
pub(super) struct Values<'a> {
    template: &'a Node,
    overrides: &'a HashMap<String, String>,
}

impl<'a> Values<'a> {
    pub(super) fn new(template: &'a Node, overrides: &'a HashMap<String, String>) -> Self {
        Self { template, overrides }
    }

    /// Resolves a property to text.
    pub(super) fn text(&self, node: &Node) -> Result<String, TemplateError> {
        match self.resolve(node)? {
            Resolved::Text(text) => Ok(text),
            Resolved::List(items) => Ok(items.join(",")),
            Resolved::Nothing => Ok(String::new()),
        }
    }

    /// Resolves a property to a list of strings.
    pub(super) fn list(&self, node: &Node) -> Result<Vec<String>, TemplateError> {
        match self.resolve(node)? {
            Resolved::Text(text) => Ok(vec![text]),
            Resolved::List(items) => Ok(items),
            Resolved::Nothing => Ok(Vec::new()),
        }
    }

    pub(super) fn resolve(&self, node: &Node) -> Result<Resolved, TemplateError> {
        let Some(tag) = &node.tag else {
            return match &node.value {
                Value::Scalar(text) => Ok(Resolved::Text(text.clone())),
                Value::Sequence(items) => {
                    Ok(Resolved::List(items.iter().map(|item| self.text(item)).collect::<Result<_, _>>()?))
                }
                Value::Mapping(_) => Err(node.error("expected text or a list")),
            };
        };
        match (tag.as_str(), &node.value) {
            ("Ref", Value::Scalar(name)) => self.reference(node, name),
            ("GetAtt", Value::Scalar(name)) => self.get_attribute(node, name).map(Resolved::Text),
            ("Sub", Value::Scalar(text)) => self.substitute(node, text).map(Resolved::Text),
            ("Join", Value::Sequence(parts)) => match parts.as_slice() {
                [separator, items] => Ok(Resolved::Text(self.list(items)?.join(&self.text(separator)?))),
                _ => Err(node.error("!Join takes a separator and a list")),
            },
            ("Select", Value::Sequence(parts)) => match parts.as_slice() {
                [index, items] => {
                    let index =
                        self.text(index)?.parse::<usize>().map_err(|_| node.error("!Select takes a number first"))?;
                    let item = self.list(items)?.into_iter().nth(index);
                    item.map(Resolved::Text).ok_or_else(|| node.error("!Select refers to an item that does not exist"))
                }
                _ => Err(node.error("!Select takes a number and a list")),
            },
            ("If", Value::Sequence(parts)) => match parts.as_slice() {
                [Node { value: Value::Scalar(name), .. }, yes, no] => {
                    self.resolve(if self.named_condition(node, name)? { yes } else { no })
                }
                _ => Err(node.error("!If takes the name of a condition and two values")),
            },
            _ => Err(node.error(format!("!{tag} is not supported, or not in this form"))),
        }
    }

    fn reference(&self, node: &Node, name: &str) -> Result<Resolved, TemplateError> {
        if let Some(text) = pseudo_parameter(name) {
            return Ok(Resolved::Text(text.to_owned()));
        }
        if let Some(parameter) = self.template.path(&["Parameters", name]) {
            let text = match (self.overrides.get(name), parameter.get("Default")) {
                (Some(text), _) => text.clone(),
                (None, Some(default)) => self.text(default)?,
                (None, None) => String::new(),
            };
            let is_list = parameter.get("Type").is_some_and(|kind| kind.is("CommaDelimitedList"));
            let items = || text.split(',').map(|item| item.trim().to_owned()).collect();
            return Ok(if is_list { Resolved::List(items()) } else { Resolved::Text(text) });
        }
        match name {
            "AWS::NoValue" => Ok(Resolved::Nothing),
            _ if name == IMPLICIT_HTTP_API || self.template.path(&["Resources", name]).is_some() => {
                Ok(Resolved::Text(name.to_owned()))
            }
            // SAM's references to the resources that it adds: `!Ref Api.Stage`.
            _ if name.contains('.') => self.get_attribute(node, name).map(Resolved::Text),
            _ => Err(node.error(format!("there is no parameter or resource {name}"))),
        }
    }

    /// Resolves `RESOURCE.ATTRIBUTE`. Most attributes resolve to that text itself.
    fn get_attribute(&self, node: &Node, name: &str) -> Result<String, TemplateError> {
        let (resource, attribute) = name.split_once('.').unwrap_or((name, ""));
        let node_of_resource = self.template.path(&["Resources", resource]);
        if node_of_resource.is_none() && resource != IMPLICIT_HTTP_API {
            return Err(node.error(format!("there is no resource {resource}")));
        }
        let property = |path: &[&str]| node_of_resource.and_then(|resource| resource.path(path));
        let is_websocket = property(&["Type"]).is_some_and(|kind| kind.is("AWS::Serverless::WebSocketApi"));
        match (attribute, property(&["Properties", "StageName"])) {
            ("Stage", Some(stage)) => self.text(stage),
            ("Stage", None) => Ok("$default".to_owned()),
            ("ApiEndpoint", _) => Ok(endpoint(resource, is_websocket)),
            _ => Ok(name.to_owned()),
        }
    }

    /// Replaces each `${name}` with its value, and `${!name}` with a literal `${name}`.
    fn substitute(&self, node: &Node, text: &str) -> Result<String, TemplateError> {
        let mut parts = text.split("${");
        let mut result = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').ok_or_else(|| node.error("a ${ is not closed"))?;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
            } else if name.contains('.') {
                result.push_str(&self.get_attribute(node, name)?);
            } else if let Resolved::Text(value) = self.reference(node, name)? {
                result.push_str(&value);
            }
            result.push_str(rest);
        }
        Ok(result)
    }

    fn named_condition(&self, node: &Node, name: &str) -> Result<bool, TemplateError> {
        let condition = self.template.path(&["Conditions", name]);
        self.condition(condition.ok_or_else(|| node.error(format!("there is no condition {name}")))?)
    }

    fn condition(&self, node: &Node) -> Result<bool, TemplateError> {
        match (node.tag.as_deref(), &node.value) {
            (Some("Equals"), Value::Sequence(sides)) => match sides.as_slice() {
                [left, right] => Ok(self.text(left)? == self.text(right)?),
                _ => Err(node.error("!Equals takes two values")),
            },
            (Some("Not"), Value::Sequence(conditions)) => match conditions.as_slice() {
                [condition] => Ok(!self.condition(condition)?),
                _ => Err(node.error("!Not takes one condition")),
            },
            (Some("And"), Value::Sequence(all)) => {
                all.iter().try_fold(true, |so_far, node| Ok(so_far & self.condition(node)?))
            }
            (Some("Or"), Value::Sequence(any)) => {
                any.iter().try_fold(false, |so_far, node| Ok(so_far | self.condition(node)?))
            }
            (Some("Condition"), Value::Scalar(name)) => self.named_condition(node, name),
            _ => Err(node.error("this condition is not supported, or not in this form")),
        }
    }
}

/// Returns the value of a pseudo parameter. The values are placeholders; the addresses of the APIs
/// that contain them are replaced by local ones.
fn pseudo_parameter(name: &str) -> Option<&'static str> {
    match name {
        "AWS::AccountId" => Some(ACCOUNT_ID),
        "AWS::Partition" => Some("aws"),
        "AWS::Region" => Some(REGION),
        "AWS::StackName" => Some("local"),
        "AWS::URLSuffix" => Some(URL_SUFFIX),
        _ => None,
    }
}
