//! Checks the values of parameters as CloudFormation does before a deployment: against the constraints
//! of each parameter, and against the template's rules
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>).

use regex::Regex;

use super::error::TemplateError;
use super::values::Values;
use super::yaml::Node;

/// # Errors
/// Returns an error that points at the first constraint or assertion that does not hold.
pub(super) fn check(template: &Node, values: &Values<'_>) -> Result<(), TemplateError> {
    for (name, parameter) in template.get("Parameters").into_iter().flat_map(Node::entries) {
        check_parameter(name, parameter, values)?;
    }
    for (name, rule) in template.get("Rules").into_iter().flat_map(Node::entries) {
        let applies = rule.get("RuleCondition").map_or(Ok(true), |condition| values.condition(condition))?;
        for assertion in rule.require("Assertions")?.items().iter().filter(|_| applies) {
            if !values.condition(assertion.require("Assert")?)? {
                let description = assertion.get("AssertDescription").map(|text| values.text(text)).transpose()?;
                let reason = description.unwrap_or_else(|| "its assertion is false".to_owned());
                return Err(assertion.error(format!("the rule {name} does not hold: {reason}")));
            }
        }
    }
    Ok(())
}

fn check_parameter(name: &str, parameter: &Node, values: &Values<'_>) -> Result<(), TemplateError> {
    let Some(value) = values.parameter(name, parameter)? else {
        return Err(parameter.error(format!("the parameter {name} has no default, so it needs a value")));
    };
    let kind = parameter.get("Type").map(|kind| values.text(kind)).transpose()?.unwrap_or_default();
    // A comparison with NaN never holds.
    let number: f64 = value.parse().unwrap_or(f64::NAN);
    let length = u32::try_from(value.chars().count()).map_or(f64::INFINITY, f64::from);
    if kind == "Number" && number.is_nan() {
        return Err(parameter.error(format!("the parameter {name} must be a number")));
    }
    let items = if kind == "CommaDelimitedList" { value.split(',').map(str::trim).collect() } else { vec![&*value] };
    for (key, constraint) in parameter.entries() {
        let bound = || {
            let text = values.text(constraint)?;
            text.parse::<f64>().map_err(|_| constraint.error(format!("{key} must be a number")))
        };
        let (holds, requirement) = match key {
            "AllowedPattern" => {
                let pattern = values.text(constraint)?;
                let whole = Regex::new(&format!("^(?:{pattern})$"))
                    .map_err(|_| constraint.error("this regular expression is not supported"))?;
                (items.iter().all(|item| whole.is_match(item)), format!("must match {pattern}"))
            }
            "AllowedValues" => {
                let allowed = values.list(constraint)?;
                let holds = items.iter().all(|item| allowed.iter().any(|allowed| allowed == item));
                (holds, format!("must be one of {}", allowed.join(", ")))
            }
            "MinLength" => (length >= bound()?, format!("must have at least {} characters", bound()?)),
            "MaxLength" => (length <= bound()?, format!("must have at most {} characters", bound()?)),
            "MinValue" => (number >= bound()?, format!("must be at least {}", bound()?)),
            "MaxValue" => (number <= bound()?, format!("must be at most {}", bound()?)),
            _ => continue,
        };
        if !holds {
            let description = parameter.get("ConstraintDescription").map(|text| values.text(text)).transpose()?;
            let requirement = description.unwrap_or(requirement);
            return Err(constraint.error(format!("the parameter {name} does not satisfy {key}: {requirement}")));
        }
    }
    Ok(())
}
