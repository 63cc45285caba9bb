//! The stack that serves what was copied, the databases to copy, and the command.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::{env, fs, process, thread};

use futures_util::TryStreamExt;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::{Client, Database};
use tempfile::TempDir;

/// What `local` announces when it is ready.
pub(crate) struct Stack {
    pub(crate) http: String,
    pub(crate) mail: String,
    pub(crate) database: String,
    /// It ends when its standard input is closed: with this process.
    _process: Child,
}

/// The stack that all tests share; the database that it serves belongs to the test of the API.
pub(crate) fn stack() -> &'static Stack {
    static STACK: LazyLock<Stack> = LazyLock::new(start);
    &STACK
}

fn start() -> Stack {
    // As the stack itself builds them, so that it is done once.
    let build = ["build", "--quiet", "--workspace", "--bins"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert!(Command::new(env!("CARGO")).args(build).current_dir(&root).status().unwrap().success());
    let local = Path::new(env!("CARGO_BIN_EXE_copy-database")).with_file_name("local");
    let mut command = Command::new(local);
    for name in ["DATABASE_URL", "LOCAL_BINARIES", "LOCAL_TEMPLATE"] {
        command.env_remove(name);
    }
    command.current_dir(root).env("APP_PORT", "0").env("LOCAL_DATA_DIR", data_folder());
    command.env("LOCAL_STOP_WITH_STDIN", "true").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let facts: HashMap<_, _> = lines
        .by_ref()
        .take_while(|line| !line.starts_with("ready"))
        .filter_map(|line| line.split_once(' ').map(|(name, value)| (name.to_owned(), value.trim().to_owned())))
        .collect();
    // The stack never waits for a reader.
    thread::spawn(move || lines.for_each(drop));
    let fact = |name: &str| facts.get(name).unwrap_or_else(|| panic!("{name} is not announced")).clone();
    Stack { http: fact("HttpApiUrl"), mail: fact("MailUrl"), database: fact("DatabaseUrl"), _process: child }
}

/// A folder that outlives this process; the next run removes it.
fn data_folder() -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("copy-"));
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    folder.join(format!("copy-{}", process::id()))
}

/// An old database, its uploads folder, and a new database.
pub(crate) struct Job {
    pub(crate) source: Database,
    pub(crate) target: Database,
    pub(crate) uploads: TempDir,
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Job {
    /// One between two databases that nobody uses yet. The old one has its collections.
    pub(crate) async fn new() -> Self {
        Self::copying_into(&at_stack(&format!("new-{}", ObjectId::new()))).await
    }

    /// One from a database that nobody uses yet.
    pub(crate) async fn copying_into(to: &str) -> Self {
        let (from, to) = (at_stack(&format!("old-{}", ObjectId::new())), to.to_owned());
        let source = open(&from).await;
        for name in ["users", "chats"] {
            source.create_collection(name).await.unwrap();
        }
        Self { source, target: open(&to).await, uploads: tempfile::tempdir().unwrap(), from, to }
    }

    /// The same source, into a database that nobody uses yet.
    pub(crate) async fn again_into_another(self) -> Self {
        let to = at_stack(&format!("new-{}", ObjectId::new()));
        Self { target: open(&to).await, to, ..self }
    }

    /// Adds a user to the old database.
    pub(crate) async fn user(&self, name: &str) -> ObjectId {
        let id = ObjectId::new();
        let user = doc! { "_id": id, "email": format!("{id}@example.com"), "fullName": name };
        self.add("users", [user]).await;
        id
    }

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

    /// All that the new database holds, in an order of its own; without the ids of pages, which nobody knows.
    pub(crate) async fn result(&self) -> Vec<(String, Vec<Document>)> {
        let mut names = self.target.list_collection_names().await.unwrap();
        names.sort();
        let mut result = Vec::new();
        for name in names {
            let order = if name == "pages" {
                doc! { "chatId": 1, "number": 1 }
            } else {
                doc! { "_id": 1 }
            };
            let found = self.target.collection::<Document>(&name).find(doc! {}).sort(order).await.unwrap();
            let mut documents: Vec<_> = found.try_collect().await.unwrap();
            if name == "pages" {
                documents.iter_mut().for_each(|page| drop(page.remove("_id")));
            }
            result.push((name, documents));
        }
        result
    }

    pub(crate) async fn count(&self, collection: &str) -> u64 {
        self.target.collection::<Document>(collection).count_documents(doc! {}).await.unwrap()
    }
}

/// What the command did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    /// The lines of its standard output.
    pub(crate) report: Vec<String>,
    pub(crate) errors: String,
}

impl Outcome {
    /// The counts of a kind: new, updated, unchanged, left out.
    #[track_caller]
    pub(crate) fn counts(&self, kind: &str) -> [u64; 4] {
        let line = self.report.iter().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
        let numbers =
            line.unwrap_or_else(|| panic!("{self:?}")).split_whitespace().map(|number| number.parse().unwrap());
        numbers.collect::<Vec<_>>().try_into().unwrap()
    }

    /// Checks that all was copied.
    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        assert_eq!(self.status, 0, "{self:?}");
        self
    }

    /// Checks that nothing was, for this reason.
    #[track_caller]
    pub(crate) fn expect_refusal(&self, reason: &str) {
        assert_eq!(self.status, 1, "{self:?}");
        assert!(self.errors.contains(reason), "{:?} has no {reason:?}", self.errors);
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

/// The connection string of a database on the stack's server.
pub(crate) fn at_stack(database: &str) -> String {
    let (server, _) = stack().database.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

async fn open(url: &str) -> Database {
    Client::with_uri_str(url).await.unwrap().default_database().unwrap()
}

/// A chat as the old backend has it.
pub(crate) fn chat(members: [ObjectId; 2], messages: Vec<Bson>) -> Document {
    doc! { "_id": ObjectId::new(), "usersId": members.to_vec(), "chats": messages }
}

/// A message as the old backend has it.
pub(crate) fn message(sender: ObjectId, text: &str) -> Bson {
    doc! { "_id": ObjectId::new(), "sendBy": sender, "sendTime": DateTime::now(), "message": text }.into()
}
