//! Creates the indexes of the database during a deployment, as a custom resource that
//! CloudFormation waits for.

use std::process::ExitCode;
use std::time::Duration;

use deployment_functions::advice::advise;
use deployment_functions::cloud_formation::{CloudFormation, Request, RequestKind};
use shared::config::{ConfigError, Environment, FromEnv};
use shared::database::DatabaseUrl;
use shared::indexes;
use shared::serving::invocation;

/// The time limit of creating the indexes. It leaves a minute of the function's timeout for the
/// answer.
const TIME_LIMIT: Duration = Duration::from_secs(14 * 60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    invocation::serve(ensure_indexes).await
}

shared::parts! {
    struct App {
        address: Address,
        cloud_formation: CloudFormation,
    }
}

/// The address of the database. If it is missing, that is the answer to a request: a process that
/// ends would leave CloudFormation without one.
struct Address(Result<DatabaseUrl, ConfigError>);

impl FromEnv for Address {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(DatabaseUrl::from_env(environment).await))
    }
}

async fn ensure_indexes(app: &'static App, request: Request) -> Result<(), String> {
    let outcome = match request.kind {
        // The data outlives the stack, and so do its indexes. The database may be gone by now.
        RequestKind::Delete => Ok(()),
        RequestKind::Create | RequestKind::Update => create_in_time(&app.address).await,
    };
    if let Err(reason) = &outcome {
        tracing::error!("{reason}");
    }
    // The indexes were created when the resource had these properties for the first time, and a
    // rollback must not fail because the database is away.
    let outcome = if request.returns_to_earlier_properties() { Ok(()) } else { outcome };
    app.cloud_formation.answer(&request, outcome).await
}

/// Creates the indexes in a task of its own, so that neither a panic nor a hung server prevents the
/// answer.
async fn create_in_time(address: &'static Address) -> Result<(), String> {
    match tokio::time::timeout(TIME_LIMIT, tokio::spawn(create(address))).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err("creating the indexes panicked; see the log of this function".to_owned()),
        Err(_) => {
            Err("the indexes are not complete after 14 minutes; deploy again, MongoDB continues to build them"
                .to_owned())
        }
    }
}

async fn create(Address(address): &Address) -> Result<(), String> {
    let address = address.as_ref().map_err(ToString::to_string)?;
    let database = address.connect().await.map_err(|error| error.to_string())?;
    indexes::ensure(&database).await.map_err(|error| advise(&error.kind))
}
