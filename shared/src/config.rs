//! Reading the environment.
//!
//! Every part of the crate has a `from_env` that reads the variables it needs through this module,
//! so a function needs exactly the variables of the parts it is built from.

use std::env;
use std::fmt::Display;
use std::str::FromStr;

/// A variable that stops a function at start. Its message is one line that names the variable and never quotes its value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The variable is not set, or empty.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// The variable has a value that cannot be used.
    #[error("environment variable {name} {reason}")]
    Malformed {
        /// The variable's name.
        name: &'static str,
        /// What its value has to be, as in "must be a number".
        reason: String,
    },
}

impl ConfigError {
    /// The error for a variable whose value cannot be used; `reason` continues "environment variable NAME".
    pub fn malformed(name: &'static str, reason: impl Display) -> Self {
        Self::Malformed { name, reason: reason.to_string() }
    }
}

/// The value of a variable that has no default.
///
/// # Errors
/// When the variable is unset, empty, or `T` refuses it.
pub fn required<T: FromStr<Err: Display>>(name: &'static str) -> Result<T, ConfigError> {
    optional(name)?.ok_or(ConfigError::Missing(name))
}

/// The value of a variable, or `None` when it is unset or empty.
///
/// # Errors
/// When `T` refuses the value.
pub fn optional<T: FromStr<Err: Display>>(name: &'static str) -> Result<Option<T>, ConfigError> {
    match env::var(name) {
        Ok(value) if !value.is_empty() => {
            value.parse().map(Some).map_err(|reason| ConfigError::malformed(name, reason))
        }
        _ => Ok(None),
    }
}

/// A yes-or-no setting: `true` or `false`, and nothing else.
#[derive(Clone, Copy)]
pub struct Flag(pub bool);

impl FromStr for Flag {
    type Err = &'static str;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        value.parse().map(Self).map_err(|_| "must be true or false")
    }
}

/// Values separated by commas.
pub struct List(Vec<String>);

impl List {
    /// Whether `value` is one of them.
    pub fn contains(&self, value: &str) -> bool {
        self.0.iter().any(|item| item == value)
    }
}

impl FromStr for List {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.split(',').map(|item| item.trim().to_owned()).collect()))
    }
}
