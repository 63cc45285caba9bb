//! The identities that sign requests to `@connections`, and what their policies allow.

mod signature;

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::request::Parts;

use crate::ids::{ACCOUNT_ID, REGION};
use crate::template::{Function, Statement};

/// The access key of the person at this machine, who may do everything.
const OPERATOR: &str = "local";

/// The keys that sign requests.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: Option<String>,
}

impl Credentials {
    /// Returns new keys as Lambda gives them to a function.
    fn temporary() -> Self {
        let [id, secret, token] = std::array::from_fn(|_| format!("{:032X}", rand::random::<u128>()));
        let access_key_id = format!("ASIA{}", &id[..16]);
        Self { access_key_id, secret_access_key: secret, session_token: Some(token) }
    }
}

/// Someone who may sign requests.
pub(crate) struct Identity {
    /// The ARN that AWS would name it by.
    arn: String,
    credentials: Credentials,
    /// Its policies. `None` allows everything.
    statements: Option<Vec<Statement>>,
}

/// The reason why a request is refused: the type of the error and its message.
pub(crate) struct Refused {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

/// All identities: the functions, each with keys of its own, and the operator. Clones share them.
#[derive(Clone)]
pub(crate) struct Identities(Arc<HashMap<String, Identity>>);

impl Identities {
    /// Creates keys for these functions, and for the operator, whose access key and secret are both
    /// `local`.
    pub(crate) fn new<'a>(functions: impl IntoIterator<Item = &'a Function>) -> Self {
        let functions = functions.into_iter().map(|function| {
            let name = &function.name;
            let identity = Identity {
                arn: format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}Role/{name}"),
                credentials: Credentials::temporary(),
                statements: Some(function.statements.clone()),
            };
            (name.clone(), identity)
        });
        let operator = Identity {
            arn: format!("arn:aws:iam::{ACCOUNT_ID}:user/{OPERATOR}"),
            credentials: Credentials {
                access_key_id: OPERATOR.to_owned(),
                secret_access_key: OPERATOR.to_owned(),
                session_token: None,
            },
            statements: None,
        };
        // A logical id consists of letters and digits, so the empty name is free.
        Self(Arc::new(functions.chain([(String::new(), operator)]).collect()))
    }

    /// Returns the keys of a function.
    pub(crate) fn credentials(&self, function: &str) -> Option<&Credentials> {
        self.0.get(function).map(|identity| &identity.credentials)
    }

    /// Returns the identity that signed a request.
    pub(crate) fn verify(&self, request: &Parts, body: &[u8]) -> Result<&Identity, Refused> {
        signature::verify(request, body, |access_key_id| {
            self.0.values().find(|identity| identity.credentials.access_key_id == access_key_id)
        })
    }
}

impl Identity {
    /// Checks that the identity may use connections of an API in this way. `path` is
    /// `STAGE/METHOD/@connections/ID`.
    pub(crate) fn may_manage_connections(&self, api: &str, path: &str) -> Result<(), Refused> {
        let arn = format!("arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{api}/{path}");
        let Some(statements) = &self.statements else { return Ok(()) };
        let mut relevant = statements.iter().filter(|statement| statement.covers(&arn)).peekable();
        if relevant.peek().is_some() && relevant.all(|statement| statement.allows) {
            return Ok(());
        }
        let message = format!(
            "User: {} is not authorized to perform: execute-api:ManageConnections on resource: {arn}",
            self.arn
        );
        Err(Refused { kind: "AccessDeniedException", message })
    }
}
