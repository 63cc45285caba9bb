//! Reads from the policies of functions which connections they may use.

use super::error::TemplateError;
use super::model::Statement;
use super::resources::Resources;
use super::values::Resolved;
use super::yaml::{Node, Value};

/// The only action that the gateway checks.
const ACTION: &str = "execute-api:manageconnections";

/// The policies of AWS that allow it, and the ARNs that they are about.
const MANAGED: [(&str, &str); 2] =
    [("AmazonAPIGatewayInvokeFullAccess", "arn:aws:execute-api:*:*:*"), ("AdministratorAccess", "*")];

impl Resources<'_> {
    /// Returns the statements about connections in a function's `Policies`, or else in those of its
    /// `Role`.
    pub(super) fn statements(&self, function: &Node) -> Result<Vec<Statement>, TemplateError> {
        let mut statements = Vec::new();
        if let Some(role) = function.get("Role") {
            let arn = self.values.text(role)?;
            let role = arn.strip_suffix(".Arn").and_then(|name| self.root.path(&["Resources", name, "Properties"]));
            let role = role.ok_or_else(|| function.error("Role must be the ARN of a role of this template"))?;
            for policy in role.get("Policies").into_iter().flat_map(Node::items) {
                self.document(policy.require("PolicyDocument")?, &mut statements)?;
            }
            for policy in role.get("ManagedPolicyArns").into_iter().flat_map(Node::items) {
                self.policy(policy, &mut statements)?;
            }
        } else if let Some(policies) = function.get("Policies") {
            for policy in self.values.chosen(policies)?.items() {
                self.policy(policy, &mut statements)?;
            }
        }
        Ok(statements)
    }

    /// Adds the statements of a policy document, or of the managed policy that is named. SAM's policy
    /// templates allow no connections.
    fn policy(&self, policy: &Node, statements: &mut Vec<Statement>) -> Result<(), TemplateError> {
        let policy = self.values.chosen(policy)?;
        if policy.tag.is_none() && matches!(policy.value, Value::Mapping(_)) {
            return if policy.get("Statement").is_some() { self.document(policy, statements) } else { Ok(()) };
        }
        let Resolved::Text(name) = self.values.resolve(policy)? else { return Ok(()) };
        if let Some(document) = self.root.path(&["Resources", &name, "Properties", "PolicyDocument"]) {
            return self.document(document, statements);
        }
        let managed = MANAGED.into_iter().find(|(managed, _)| name.rsplit('/').next() == Some(managed));
        statements.extend(managed.map(|(_, arn)| Statement { allows: true, resources: vec![arn.to_owned()] }));
        Ok(())
    }

    fn document(&self, document: &Node, statements: &mut Vec<Statement>) -> Result<(), TemplateError> {
        for statement in document.require("Statement")?.items() {
            if statement.get("NotAction").is_some() {
                return Err(statement.error("NotAction is not supported"));
            }
            let actions = self.values.list(statement.require("Action")?)?;
            if !actions.iter().any(|action| matches(&action.to_ascii_lowercase(), ACTION)) {
                continue;
            }
            if let Some(key) = ["Condition", "NotResource"].into_iter().find(|key| statement.get(key).is_some()) {
                return Err(statement.error(format!("{key} is not supported in a statement about connections")));
            }
            statements.push(Statement {
                allows: self.values.text(statement.require("Effect")?)? == "Allow",
                resources: self.values.list(statement.require("Resource")?)?,
            });
        }
        Ok(())
    }
}

impl Statement {
    /// Returns whether the statement is about this ARN.
    pub(crate) fn covers(&self, arn: &str) -> bool {
        self.resources.iter().any(|pattern| matches(pattern, arn))
    }
}

/// Returns whether a text matches a pattern of IAM, in which `*` stands for any text and `?` for any
/// character.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| matches(rest.as_str(), &text[at..]))
        }
        Some(expected) => {
            let mut text = text.chars();
            text.next().is_some_and(|found| expected == '?' || found == expected)
                && matches(rest.as_str(), text.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_match_as_in_iam() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("api/POST/@connections/*", "api/POST/@connections/L0SM9cOFvHcCIhw=", true),
            ("api/POST/@connections/*", "api/DELETE/@connections/L0SM9cOFvHcCIhw=", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
