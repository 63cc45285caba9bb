//! Opens the two databases and checks that one may be copied into the other.

use futures_util::TryStreamExt;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::options::{Acknowledgment, ClientOptions, WriteConcern};
use mongodb::{Client, Database};
use shared::indexes;

use crate::arguments::Arguments;
use crate::failure::Failure;

/// The collection of the target that records which sources are copied into it, so that the next
/// copy can resume an interrupted one.
const COPIES: &str = "copies";

/// The collections that a copy writes.
const WRITTEN: [&str; 4] = ["users", "photos", "log", "marks"];

/// Opens both databases. Unless it is a dry run, also prepares the target.
pub(crate) async fn open(arguments: &Arguments) -> Result<(Database, Database), Failure> {
    let from = Address::parse("--from", &arguments.from, "test").await?;
    let to = Address::parse("--to", &arguments.to, "chat").await?;
    let (name, same_host) = (from.name(), from.shares_host_with(&to));
    let (source, target) = (from.open()?, to.open()?);
    let same_server = same_host || process(&source).await? == process(&target).await?;
    if same_server && source.name() == target.name() {
        return Err(Failure::new("--from and --to are the same database"));
    }
    for collection in [&arguments.users_collection, &arguments.chats_collection] {
        require_collection(&source, collection).await?;
    }
    let copies = target.collection::<Document>(COPIES);
    let is_recorded = copies.find_one(doc! { "_id": &name }).await?.is_some();
    if !is_recorded && !arguments.into_existing && !is_empty(&target).await? {
        return Err(Failure::new(format!(
            "the target is not empty, and its content was not copied from {name}: \
             empty it, or add --into-existing to copy anyway"
        )));
    }
    if !arguments.dry_run {
        if !is_recorded {
            copies.insert_one(doc! { "_id": &name, "startedAt": DateTime::now() }).await?;
        }
        indexes::ensure(&target).await?;
    }
    Ok((source, target))
}

/// The address of a database.
struct Address {
    option: &'static str,
    client: ClientOptions,
}

impl Address {
    async fn parse(option: &'static str, url: &str, default_database: &str) -> Result<Self, Failure> {
        let mut client = ClientOptions::parse(url)
            .await
            .map_err(|error| Failure::new(format!("{option} must be a MongoDB connection string: {error}")))?;
        client.app_name.get_or_insert_with(|| "copy-database".to_owned());
        client.write_concern.get_or_insert_with(|| WriteConcern::builder().w(Acknowledgment::Majority).build());
        client.default_database.get_or_insert_with(|| default_database.to_owned());
        Ok(Self { option, client })
    }

    /// Returns the hosts and the database name, without secrets and options.
    fn name(&self) -> String {
        let mut hosts = self.hosts();
        hosts.sort();
        format!("{}/{}", hosts.join(","), self.client.default_database.as_deref().unwrap_or_default())
    }

    fn hosts(&self) -> Vec<String> {
        self.client.hosts.iter().map(|host| host.to_string().to_lowercase()).collect()
    }

    fn shares_host_with(&self, other: &Self) -> bool {
        let others = other.hosts();
        self.hosts().iter().any(|host| others.contains(host))
    }

    fn open(self) -> Result<Database, Failure> {
        let Self { option, client } = self;
        let client = Client::with_options(client).map_err(|error| Failure::new(format!("{option}: {error}")))?;
        client.default_database().ok_or_else(|| Failure::new(format!("{option} names no database")))
    }
}

/// Returns the id of the server process, which is the same under all of its host names.
async fn process(database: &Database) -> Result<ObjectId, Failure> {
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    let version = hello.get_document("topologyVersion").ok();
    // Servers that do not report it are distinguished only by their host names.
    Ok(version.and_then(|version| version.get_object_id("processId").ok()).unwrap_or_else(ObjectId::new))
}

/// Refuses a source without a collection: a wrong name is more likely than a database without users
/// or chats.
async fn require_collection(source: &Database, name: &str) -> Result<(), Failure> {
    let names: Vec<String> =
        source.list_collections().await?.map_ok(|collection| collection.name).try_collect().await?;
    if names.iter().any(|existing| existing == name) {
        return Ok(());
    }
    Err(Failure::new(match names.as_slice() {
        [] => "--from is an empty database: check its name and its server".to_owned(),
        _ => format!("--from has no collection {name}; it has {}", names.join(", ")),
    }))
}

async fn is_empty(target: &Database) -> Result<bool, Failure> {
    for name in WRITTEN {
        if target.collection::<Document>(name).find_one(doc! {}).projection(doc! { "_id": 1 }).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
