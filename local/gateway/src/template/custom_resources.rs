//! Reads the custom resources.

use std::time::Duration;

use serde_json::Value as Json;

use super::error::TemplateError;
use super::model::CustomResource;
use super::resources::Resources;
use super::yaml::Node;
use crate::ids::function_arn;

/// The longest and the default `ServiceTimeout` of a custom resource, in seconds
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html>).
const MAX_SERVICE_TIMEOUT: u32 = 3600;

impl Resources<'_> {
    /// Returns the custom resources.
    pub(super) fn custom_resources(&self) -> Result<Vec<CustomResource>, TemplateError> {
        let mut resources = Vec::new();
        for (name, resource, kind) in self.existing()? {
            if kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource" {
                resources.push(self.custom_resource(name, resource, kind)?);
            }
        }
        Ok(resources)
    }

    fn custom_resource(&self, name: &str, resource: &Node, kind: String) -> Result<CustomResource, TemplateError> {
        let properties = resource.require("Properties")?;
        let token = properties.require("ServiceToken")?;
        let function = self.function_with_arn(token, &self.values.text(token)?)?;
        let timeout = match properties.get("ServiceTimeout") {
            Some(node) => {
                let seconds = self.values.text(node)?.parse().ok();
                seconds.filter(|seconds| (1..=MAX_SERVICE_TIMEOUT).contains(seconds)).ok_or_else(|| {
                    node.error(format!("ServiceTimeout must be a number of seconds up to {MAX_SERVICE_TIMEOUT}"))
                })?
            }
            None => MAX_SERVICE_TIMEOUT,
        };
        let mut properties = self.values.json(properties)?.unwrap_or_default();
        properties["ServiceToken"] = Json::String(function_arn(&function));
        let (name, timeout) = (name.to_owned(), Duration::from_secs(timeout.into()));
        Ok(CustomResource { name, kind, function, properties, timeout })
    }
}
