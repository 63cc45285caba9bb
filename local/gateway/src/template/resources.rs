//! The resources of a template.

use std::collections::HashMap;
use std::str::FromStr;

use super::error::TemplateError;
use super::values::Values;
use super::yaml::Node;

pub(super) const FUNCTION: &str = "AWS::Serverless::Function";

/// The resources of a template, and the values of their properties.
pub(super) struct Resources<'a> {
    pub(super) root: &'a Node,
    pub(super) values: Values<'a>,
}

impl<'a> Resources<'a> {
    pub(super) fn new(root: &'a Node, parameters: &'a HashMap<String, String>) -> Self {
        Self { root, values: Values::new(root, parameters) }
    }

    /// Returns the resources of a type, except those whose condition is false.
    pub(super) fn of(&self, kind: &str) -> Result<Vec<(&str, &Node)>, TemplateError> {
        let existing = self.existing()?.into_iter();
        Ok(existing.filter(|(.., of)| of == kind).map(|(name, resource, _)| (name, resource)).collect())
    }

    /// Returns all resources with their types, except those whose condition is false.
    pub(super) fn existing(&self) -> Result<Vec<(&str, &Node, String)>, TemplateError> {
        let mut existing = Vec::new();
        for (name, resource) in self.root.require("Resources")?.entries() {
            let kind = self.values.text(resource.require("Type")?)?;
            if self.values.exists(resource)? {
                existing.push((name, resource, kind));
            }
        }
        Ok(existing)
    }

    /// Resolves a property that must be a number.
    pub(super) fn number<T: FromStr>(&self, key: &str, node: &Node) -> Result<T, TemplateError> {
        self.values.text(node)?.parse().map_err(|_| node.error(format!("{key} must be a number")))
    }

    /// Returns the logical id of the function with this ARN.
    pub(super) fn function_with_arn(&self, node: &Node, arn: &str) -> Result<String, TemplateError> {
        let name = arn.strip_suffix(".Arn").unwrap_or_default();
        let functions = self.of(FUNCTION)?;
        let function = functions.into_iter().find(|(function, _)| *function == name);
        function
            .map(|(function, _)| function.to_owned())
            .ok_or_else(|| node.error(format!("{arn} is not the ARN of a function of this template")))
    }
}
