//! The databases to copy, and the command.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;

use futures_util::TryStreamExt;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::{Client, Database};
use tempfile::TempDir;
use test_support::{new_database_at, shared};

/// A copy job: an old database, its uploads folder, and a new database.
pub(crate) struct Job {
    pub(crate) source: Database,
    pub(crate) target: Database,
    pub(crate) uploads: TempDir,
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Job {
    /// Creates a job with two empty databases. The old one has its collections.
    pub(crate) async fn new() -> Self {
        Self::copying_into(&new_database_at(shared().mongod())).await
    }

    /// Creates a job with an empty old database and the target at `to`.
    pub(crate) async fn copying_into(to: &str) -> Self {
        let (from, to) = (new_database_at(shared().mongod()), to.to_owned());
        let source = open(&from).await;
        for name in ["users", "chats"] {
            source.create_collection(name).await.unwrap();
        }
        Self { source, target: open(&to).await, uploads: tempfile::tempdir().unwrap(), from, to }
    }

    /// Returns a job from the same source into an empty database.
    pub(crate) async fn into_another(self) -> Self {
        let to = new_database_at(shared().mongod());
        Self { target: open(&to).await, to, ..self }
    }

    /// Adds a user to the old database.
    pub(crate) async fn user(&self, name: &str) -> ObjectId {
        let id = ObjectId::new();
        let user = doc! { "_id": id, "email": format!("{id}@example.com"), "fullName": name };
        self.add("users", [user]).await;
        id
    }

    /// Adds documents to the old database.
    pub(crate) async fn add(&self, collection: &str, documents: impl IntoIterator<Item = Document>) {
        self.source.collection::<Document>(collection).insert_many(documents).await.unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_copy-database"));
        command.args(["--from", &self.from, "--to", &self.to, "--uploads"]).arg(self.uploads.path());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        outcome(self.command().args(arguments))
    }

    /// Starts the command.
    pub(crate) fn start(&self) -> Child {
        self.command().stdout(Stdio::null()).spawn().unwrap()
    }

    /// Returns everything in the new database, in a fixed order.
    pub(crate) async fn result(&self) -> Vec<(String, Vec<Document>)> {
        let mut names = self.target.list_collection_names().await.unwrap();
        names.sort();
        let mut result = Vec::new();
        for name in names {
            let found = self.target.collection::<Document>(&name).find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
            result.push((name, found.try_collect().await.unwrap()));
        }
        result
    }

    pub(crate) async fn count(&self, collection: &str) -> u64 {
        self.target.collection::<Document>(collection).count_documents(doc! {}).await.unwrap()
    }

    /// Returns the number of chats in the target.
    pub(crate) async fn count_chats(&self) -> u64 {
        self.target.collection::<Document>("log").count_documents(doc! { "head": true }).await.unwrap()
    }
}

/// The outcome of the command.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    /// The lines of its standard output.
    pub(crate) report: Vec<String>,
    pub(crate) errors: String,
}

impl Outcome {
    /// Returns the counts of a kind: new, updated, unchanged, left out.
    #[track_caller]
    pub(crate) fn counts(&self, kind: &str) -> [u64; 4] {
        let line = self.report.iter().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
        let numbers =
            line.unwrap_or_else(|| panic!("{self:?}")).split_whitespace().map(|number| number.parse().unwrap());
        numbers.collect::<Vec<_>>().try_into().unwrap()
    }

    /// Checks that everything was copied.
    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        assert_eq!(self.status, 0, "{self:?}");
        self
    }

    /// Checks that nothing was copied, for this reason.
    #[track_caller]
    pub(crate) fn expect_refusal(&self, reason: &str) {
        assert_eq!(self.status, 1, "{self:?}");
        assert!(self.errors.contains(reason), "{:?} does not contain {reason:?}", self.errors);
    }
}

/// Runs a command to its end.
pub(crate) fn outcome(command: &mut Command) -> Outcome {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let errors = thread::spawn(move || {
        let mut errors = String::new();
        stderr.read_to_string(&mut errors).unwrap();
        errors
    });
    let report = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    let status = child.wait().unwrap().code().unwrap();
    Outcome { status, report, errors: errors.join().unwrap() }
}

async fn open(url: &str) -> Database {
    Client::with_uri_str(url).await.unwrap().default_database().unwrap()
}

/// Returns a chat as the old backend stores it.
pub(crate) fn chat(members: [ObjectId; 2], messages: Vec<Bson>) -> Document {
    doc! { "_id": ObjectId::new(), "usersId": members.to_vec(), "chats": messages }
}

/// Returns a message as the old backend stores it.
pub(crate) fn message(sender: ObjectId, text: &str) -> Bson {
    doc! { "_id": ObjectId::new(), "sendBy": sender, "sendTime": DateTime::now(), "message": text }.into()
}
