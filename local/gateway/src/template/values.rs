//! What CloudFormation's intrinsic functions come to on this machine.

use std::collections::HashMap;

use super::TemplateError;
use super::yaml::{Node, Value};

/// The value of a property once its intrinsic functions are resolved.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Resolved {
    Text(String),
    List(Vec<String>),
    /// `!Ref AWS::NoValue`: as if the property were not there.
    Nothing,
}

/// Resolves intrinsic functions: parameters have their defaults or what `overrides` says, and a resource is known by its logical id.
pub(super) struct Values<'a> {
    template: &'a Node,
    overrides: &'a HashMap<&'static str, String>,
}

impl<'a> Values<'a> {
    pub(super) fn new(template: &'a Node, overrides: &'a HashMap<&'static str, String>) -> Self {
        Self { template, overrides }
    }

    /// The text that a property comes to.
    pub(super) fn text(&self, node: &Node) -> Result<String, TemplateError> {
        match self.resolve(node)? {
            Resolved::Text(text) => Ok(text),
            Resolved::List(items) => Ok(items.join(",")),
            Resolved::Nothing => Ok(String::new()),
        }
    }

    /// The texts that a property comes to.
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
                Value::Mapping(_) => Err(node.error("a text or a list is expected here")),
            };
        };
        match (tag.as_str(), &node.value) {
            ("Ref", Value::Scalar(name)) => self.reference(node, name),
            ("GetAtt", Value::Scalar(name)) => Ok(Resolved::Text(name.clone())),
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
                    item.map(Resolved::Text).ok_or_else(|| node.error("!Select asks for an item that is not there"))
                }
                _ => Err(node.error("!Select takes a number and a list")),
            },
            ("If", Value::Sequence(parts)) => match parts.as_slice() {
                [Node { value: Value::Scalar(name), .. }, yes, no] => {
                    self.resolve(if self.named_condition(node, name)? { yes } else { no })
                }
                _ => Err(node.error("!If takes the name of a condition and two values")),
            },
            _ => Err(node.error(format!("!{tag} is not known here, or not in this form"))),
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
            let is_list = parameter
                .get("Type")
                .is_some_and(|kind| matches!(&kind.value, Value::Scalar(kind) if kind == "CommaDelimitedList"));
            let items = || text.split(',').map(|item| item.trim().to_owned()).collect();
            return Ok(if is_list { Resolved::List(items()) } else { Resolved::Text(text) });
        }
        match name {
            "AWS::NoValue" => Ok(Resolved::Nothing),
            _ if self.template.path(&["Resources", name]).is_some() => Ok(Resolved::Text(name.to_owned())),
            _ => Err(node.error(format!("there is no parameter or resource {name}"))),
        }
    }

    /// Replaces each `${name}`; `${!name}` stands for itself.
    fn substitute(&self, node: &Node, text: &str) -> Result<String, TemplateError> {
        let mut parts = text.split("${");
        let mut result = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').ok_or_else(|| node.error("a ${ is not closed"))?;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
            } else if let Some((resource, _attribute)) = name.split_once('.') {
                self.reference(node, resource)?;
                result.push_str(name);
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
            _ => Err(node.error("this condition is not known here, or not in this form")),
        }
    }
}

/// What AWS calls the place where a stack runs. Functions see these values in no place where they matter:
/// what they connect to is given by the local stack.
fn pseudo_parameter(name: &str) -> Option<&'static str> {
    match name {
        "AWS::AccountId" => Some("123456789012"),
        "AWS::Partition" => Some("aws"),
        "AWS::Region" => Some("us-east-1"),
        "AWS::StackName" => Some("local"),
        "AWS::URLSuffix" => Some("amazonaws.com"),
        _ => None,
    }
}
