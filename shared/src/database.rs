//! The connection to MongoDB, and the building blocks of indexes.

use std::time::Duration;

pub use mongodb::Database;
use mongodb::bson::{Document, doc};
use mongodb::error::ErrorKind;
use mongodb::options::{Acknowledgment, ClientOptions, ServerMonitoringMode, WriteConcern};
use mongodb::{Client, IndexModel};

use crate::config::{ConfigError, Environment, FromEnv};

/// The variable with MongoDB's connection string.
const DATABASE_URL: &str = "DATABASE_URL";

/// The database that is used if the connection string does not name one.
const DEFAULT_DATABASE: &str = "chat";

/// The time for which a connection may be idle before it is replaced. A frozen process does not learn
/// that the network has dropped a connection, which AWS does after 350 s
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html>).
const MAX_IDLE_TIME: Duration = Duration::from_secs(300);

/// The connection string of the database.
#[derive(Clone)]
pub struct DatabaseUrl(String);

impl FromEnv for DatabaseUrl {
    /// Reads `DATABASE_URL`.
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        environment.required(DATABASE_URL).map(Self)
    }
}

impl DatabaseUrl {
    /// Creates this process's client. It connects at the first command.
    ///
    /// A process handles one invocation at a time, so two connections are enough; the second one is
    /// opened only for commands that are sent concurrently. Monitoring takes one more per server,
    /// because polling needs no second one. The time limits leave room to answer 503 within five
    /// seconds. Options in the connection string take precedence.
    ///
    /// # Errors
    /// [`ConfigError`] if the connection string is malformed, or names a host that cannot be resolved.
    pub async fn connect(&self) -> Result<Database, ConfigError> {
        let mut options = ClientOptions::parse(&self.0).await.map_err(|error| {
            let reason = match *error.kind {
                ErrorKind::DnsResolve { .. } => {
                    "names a host that cannot be resolved; check the name of the cluster, and that it exists"
                }
                _ => {
                    "must be a MongoDB connection string; percent-encode reserved characters such as @ : / \
                     in the user name and the password"
                }
            };
            ConfigError::malformed(DATABASE_URL, reason)
        })?;
        options.app_name.get_or_insert_with(|| "chat".to_owned());
        options.max_pool_size.get_or_insert(2);
        options.max_idle_time.get_or_insert(MAX_IDLE_TIME);
        options.server_monitoring_mode.get_or_insert(ServerMonitoringMode::Poll);
        options.connect_timeout.get_or_insert(Duration::from_secs(2));
        options.server_selection_timeout.get_or_insert(Duration::from_secs(3));
        options.write_concern.get_or_insert_with(|| WriteConcern::builder().w(Acknowledgment::Majority).build());
        options.default_database.get_or_insert_with(|| DEFAULT_DATABASE.to_owned());
        let malformed = || ConfigError::malformed(DATABASE_URL, "must be a MongoDB connection string");
        let client = Client::with_options(options).map_err(|_| malformed())?;
        client.default_database().ok_or_else(malformed)
    }
}

impl FromEnv for Database {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        let database = DatabaseUrl::from_env(environment).await?.connect().await?;
        let pinged = database.clone();
        environment.connect_early("database", async move { pinged.run_command(doc! { "ping": 1 }).await });
        Ok(database)
    }
}

/// Returns an index on `keys`.
pub(crate) fn index(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).build()
}

/// Returns an index on `keys` that refuses a second document with the same values.
pub(crate) fn unique(keys: Document) -> IndexModel {
    let options = mongodb::options::IndexOptions::builder().unique(true).build();
    IndexModel::builder().keys(keys).options(options).build()
}

/// Returns an index that deletes a document once its `expiresAt` has passed. MongoDB does so about
/// once a minute (<https://www.mongodb.com/docs/manual/core/index-ttl/>), so queries check
/// `expiresAt` as well.
pub(crate) fn expiring() -> IndexModel {
    let options = mongodb::options::IndexOptions::builder().expire_after(Duration::ZERO).build();
    IndexModel::builder().keys(doc! { "expiresAt": 1 }).options(options).build()
}

/// Returns whether a unique index refused a write.
pub(crate) fn is_duplicate(error: &mongodb::error::Error) -> bool {
    use mongodb::error::WriteFailure;
    const DUPLICATE_KEY: i32 = 11000;
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}
