//! Resolves CloudFormation's intrinsic functions for this machine.

use std::collections::HashMap;

use serde_json::Value as Json;

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

    /// Resolves a property of a custom resource to JSON, in which every scalar is a string. Returns
    /// `None` for `!Ref AWS::NoValue`.
    pub(super) fn json(&self, node: &Node) -> Result<Option<Json>, TemplateError> {
        let node = self.chosen(node)?;
        Ok(match (&node.tag, &node.value) {
            (None, Value::Mapping(entries)) => {
                let entries =
                    entries.iter().map(|(key, value)| Ok(self.json(value)?.map(|value| (key.clone(), value))));
                Some(entries.filter_map(Result::transpose).collect::<Result<_, _>>()?)
            }
            (None, Value::Sequence(items)) => {
                Some(items.iter().filter_map(|item| self.json(item).transpose()).collect::<Result<_, _>>()?)
            }
            _ => match self.resolve(node)? {
                Resolved::Text(text) => Some(text.into()),
                Resolved::List(items) => Some(items.into()),
                Resolved::Nothing => None,
            },
        })
    }

    /// Returns the part that an `!If` chooses, or else the node itself.
    pub(super) fn chosen<'n>(&self, node: &'n Node) -> Result<&'n Node, TemplateError> {
        match (node.tag.as_deref(), &node.value) {
            (Some("If"), Value::Sequence(parts)) => match parts.as_slice() {
                [Node { value: Value::Scalar(name), .. }, yes, no] => {
                    self.chosen(if self.named_condition(node, name)? { yes } else { no })
                }
                _ => Err(node.error("!If takes the name of a condition and two values")),
            },
            (Some("If"), _) => Err(node.error("!If takes the name of a condition and two values")),
            _ => Ok(node),
        }
    }

    /// Returns whether a resource exists, which depends on its condition.
    pub(super) fn exists(&self, resource: &Node) -> Result<bool, TemplateError> {
        match resource.get("Condition") {
            Some(condition) => self.named_condition(condition, &self.text(condition)?),
            None => Ok(true),
        }
    }

    /// Returns the value of a parameter, if it has one.
    pub(super) fn parameter(&self, name: &str, parameter: &Node) -> Result<Option<String>, TemplateError> {
        match self.overrides.get(name) {
            Some(value) => Ok(Some(value.clone())),
            None => parameter.get("Default").map(|default| self.text(default)).transpose(),
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
            ("If", _) => self.resolve(self.chosen(node)?),
            _ => Err(node.error(format!("!{tag} is not supported, or not in this form"))),
        }
    }

    fn reference(&self, node: &Node, name: &str) -> Result<Resolved, TemplateError> {
        if let Some(text) = pseudo_parameter(name) {
            return Ok(Resolved::Text(text.to_owned()));
        }
        if let Some(parameter) = self.template.path(&["Parameters", name]) {
            let text = self.parameter(name, parameter)?.unwrap_or_default();
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

    pub(super) fn condition(&self, node: &Node) -> Result<bool, TemplateError> {
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
            // These three are only for rules.
            (Some("Contains"), Value::Sequence(sides)) => match sides.as_slice() {
                [items, text] => Ok(self.list(items)?.contains(&self.text(text)?)),
                _ => Err(node.error("!Contains takes a list and a value")),
            },
            (Some("EachMemberIn"), Value::Sequence(sides)) => match sides.as_slice() {
                [items, allowed] => {
                    let allowed = self.list(allowed)?;
                    Ok(self.list(items)?.iter().all(|item| allowed.contains(item)))
                }
                _ => Err(node.error("!EachMemberIn takes two lists")),
            },
            (Some("EachMemberEquals"), Value::Sequence(sides)) => match sides.as_slice() {
                [items, text] => {
                    let text = self.text(text)?;
                    Ok(self.list(items)?.iter().all(|item| *item == text))
                }
                _ => Err(node.error("!EachMemberEquals takes a list and a value")),
            },
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
