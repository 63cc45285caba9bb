//! The environment of a function, and the creation of its parts.
//!
//! A part reads the variables that it needs when it is created. So a function needs exactly the
//! variables of its parts.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::env;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;

/// A part of a function, which is created once per process.
pub trait FromEnv: Sized {
    /// Creates the part.
    ///
    /// # Errors
    /// [`ConfigError`] if a variable that the part needs is missing or malformed.
    fn from_env(environment: &Environment) -> impl Future<Output = Result<Self, ConfigError>>;
}

/// A variable that prevents a part from being created. The message is one line that names the
/// variable and never quotes its value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The variable is unset or empty.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// The value of the variable is invalid.
    #[error("environment variable {name} {reason}")]
    Malformed {
        /// The name of the variable.
        name: &'static str,
        /// The rule that the value violates, as in "must be a number".
        reason: String,
    },
}

impl ConfigError {
    /// Creates the error for an invalid value. `reason` continues "environment variable NAME".
    pub fn malformed(name: &'static str, reason: impl Display) -> Self {
        Self::Malformed { name, reason: reason.to_string() }
    }
}

/// The environment variables of this process, and a record of the parts' requirements.
#[derive(Default)]
pub struct Environment {
    shared: RefCell<HashMap<TypeId, Box<dyn Any>>>,
    connections: RefCell<Vec<BoxFuture<'static, ()>>>,
    requirements: RefCell<Requirements>,
}

/// Everything that a function requires of its deployment.
#[derive(Default, Serialize)]
pub struct Requirements {
    /// The variables that its parts read, apart from those that Lambda sets.
    variables: BTreeSet<&'static str>,
    /// The permissions that its parts use: an IAM action and the resource below the API's stage.
    permissions: BTreeSet<&'static str>,
}

impl Environment {
    /// Reads a variable that has no default.
    ///
    /// # Errors
    /// [`ConfigError`] if the variable is unset or empty, or if `T` refuses its value.
    pub fn required<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<T, ConfigError> {
        self.optional(name)?.ok_or(ConfigError::Missing(name))
    }

    /// Reads a variable; `None` if it is unset or empty.
    ///
    /// # Errors
    /// [`ConfigError`] if `T` refuses the value.
    pub fn optional<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<Option<T>, ConfigError> {
        // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
        if !name.starts_with("AWS_") {
            self.requirements.borrow_mut().variables.insert(name);
        }
        match env::var(name) {
            Ok(value) if !value.is_empty() => {
                value.parse().map(Some).map_err(|reason| ConfigError::malformed(name, reason))
            }
            _ => Ok(None),
        }
    }

    /// Records that a part uses a permission, as in
    /// `execute-api:ManageConnections POST/@connections/*`.
    pub fn require_permission(&self, permission: &'static str) {
        self.requirements.borrow_mut().permissions.insert(permission);
    }

    /// Returns the `T` that the parts of this process share. The first call creates it.
    ///
    /// # Errors
    /// The errors of `T`.
    pub async fn shared<T: FromEnv + Clone + 'static>(&self) -> Result<T, ConfigError> {
        let existing = self.shared.borrow().get(&TypeId::of::<T>()).and_then(|part| part.downcast_ref::<T>().cloned());
        if let Some(part) = existing {
            return Ok(part);
        }
        let part = T::from_env(self).await?;
        self.shared.borrow_mut().insert(TypeId::of::<T>(), Box::new(part.clone()));
        Ok(part)
    }

    /// Registers a part's connection to a server, which is opened before the first invocation.
    pub fn connect_early<T, E>(
        &self,
        server: &'static str,
        connection: impl Future<Output = Result<T, E>> + Send + 'static,
    ) {
        self.connections.borrow_mut().push(Box::pin(async move {
            if connection.await.is_err() {
                // The first request that needs the server reports the reason.
                tracing::info!(server, "not connected before the first invocation");
            }
        }));
    }

    /// Returns the connections of the parts that were created so far.
    pub(crate) fn take_connections(&self) -> Vec<BoxFuture<'static, ()>> {
        self.connections.take()
    }

    /// Returns the requirements of all parts that were created so far.
    pub fn into_requirements(self) -> Requirements {
        self.requirements.into_inner()
    }
}

/// A setting that is `true` or `false`.
#[derive(Clone, Copy)]
pub struct Flag(pub bool);

impl FromStr for Flag {
    type Err = &'static str;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        value.parse().map(Self).map_err(|_| "must be true or false")
    }
}

/// A setting that is a list of values, separated by commas.
pub struct List(Vec<String>);

impl List {
    /// Returns whether `value` is in the list.
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

/// A setting that is a duration in whole seconds, at least one.
pub struct Seconds(pub Duration);

impl FromStr for Seconds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(seconds @ 1..) => Ok(Self(Duration::from_secs(seconds))),
            _ => Err("must be a number of seconds"),
        }
    }
}
