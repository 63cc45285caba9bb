//! The database commands of each function: their number, and their use of indexes.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};
use test_support::{Activity, Chat, Setup, exercise_every_function, new_email, skip_on_deployed_stack, unique};

#[tokio::test]
async fn every_function_sends_the_expected_number_of_database_commands() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();

    for step in exercise_every_function(&stack).await {
        let sent = step.report["databaseCommands"].as_u64().unwrap();
        let advice = "send fewer, or change the number in exercise_every_function";
        assert_eq!(sent, step.commands, "{} sent {sent} database commands: {advice}", step.function);
    }
}

#[tokio::test]
async fn a_send_takes_two_commands_unless_it_rolls_the_head() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let chat = Chat::start(&stack).await;
    let mut activity = Activity::follow(&stack).await;
    for number in 1..=130 {
        chat.say("Hello").await;

        // The first roll has no earlier archive to finish.
        let expected = match number {
            65 => 8,
            129 => 9,
            _ => 2,
        };
        assert_eq!(activity.next("SendMessage").await["databaseCommands"], expected, "message {number}");
    }
}

#[tokio::test]
async fn every_command_uses_an_index_and_reads_few_documents() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().start();
    let database = stack.database().await;
    fill(&database).await;
    let filled = database.list_collection_names().await.unwrap();
    database.run_command(doc! { "profile": 2 }).await.unwrap();

    exercise_every_function(&stack).await;

    database.run_command(doc! { "profile": 0 }).await.unwrap();
    for collection in database.list_collection_names().await.unwrap() {
        let is_filled = filled.contains(&collection) || collection.starts_with("system.");
        assert!(is_filled, "add documents of {collection} to fill, in {}", file!());
    }
    let entries: Vec<Document> = {
        let cursor = database.collection("system.profile").find(doc! { "appName": "chat" }).await.unwrap();
        cursor.try_collect().await.unwrap()
    };
    let mut kinds = HashSet::new();
    for entry in &entries {
        let read = entry.get_i32("docsExamined").unwrap_or_default();
        assert!(read <= MAX_EXAMINED, "{read} documents are examined by {entry}");
        let Some(command) = explainable(entry) else { continue };
        kinds.insert(kind(&command));
        let explained = database.run_command(doc! { "explain": &command, "verbosity": "executionStats" }).await;
        let explained = explained.unwrap_or_else(|error| panic!("{command}: {error}"));
        let scans = scans(&explained.into());
        assert!(scans.is_empty(), "{command} scans {scans:?}");
    }
    assert!(kinds.len() >= 20, "only these kinds of commands were sent: {kinds:?}");
}

/// The maximum number of documents that a command of [`exercise_every_function`] may examine, among
/// [`UNRELATED`] unrelated documents.
const MAX_EXAMINED: i32 = 8;

/// The number of unrelated documents in each collection.
const UNRELATED: usize = 500;

/// Fills every collection with documents of other users.
async fn fill(database: &Database) {
    let later = DateTime::from_millis(DateTime::now().timestamp_millis() + 3_600_000);
    let id = ObjectId::new;
    let kinds: [(&str, &dyn Fn() -> Document); 7] = [
        ("users", &|| {
            let word = unique("other");
            let email = format!("{word}@example.com");
            doc! { "email": email, "fullName": &word, "searchTerms": [word], "isProfileComplete": true }
        }),
        ("photos", &|| doc! { "_id": unique("") }),
        ("otps", &|| doc! { "_id": new_email(), "expiresAt": later }),
        ("sessions", &|| doc! { "userId": id(), "generation": 1_i64, "expiresAt": later }),
        ("log", &|| {
            let (chat, low, high) = (id(), id(), id());
            doc! {
                "_id": chat, "chatId": chat, "head": true, "number": 0_i64, "keys": [unique("")],
                "pair": { "low": low, "high": high }, "members": [{ "id": low }, { "id": high }], "lastActivity": later,
            }
        }),
        ("marks", &|| doc! { "chatId": id(), "userId": id(), "delivered": 1_i64, "read": 1_i64, "updatedAt": later }),
        ("connections", &|| doc! { "_id": unique(""), "userId": id(), "rooms": [id()], "expiresAt": later }),
    ];
    for (collection, document) in kinds {
        let others: Vec<_> = (0..UNRELATED).map(|_| document()).collect();
        database.collection(collection).insert_many(others).await.unwrap();
    }
}

/// Returns the command of an entry of MongoDB's profiler in a form that can be explained. Returns
/// `None` for an insertion, which searches for nothing.
fn explainable(entry: &Document) -> Option<Document> {
    let collection = entry.get_str("ns").unwrap().split_once('.').unwrap().1;
    let mut command = entry.get_document("command").unwrap().clone();
    for session_field in ["lsid", "$db", "$clusterTime", "txnNumber", "writeConcern"] {
        command.remove(session_field);
    }
    match entry.get_str("op").unwrap() {
        "insert" => None,
        "update" => Some(doc! { "update": collection, "updates": [command] }),
        "remove" => Some(doc! { "delete": collection, "deletes": [command] }),
        _ => Some(command).filter(|command| !command.contains_key("insert")),
    }
}

/// Returns the fields of a command, which distinguish it from others regardless of values.
fn kind(command: &Document) -> String {
    let fields = |value: &Bson| match value {
        Bson::Document(document) => kind(document),
        Bson::Array(values) => values.iter().filter_map(Bson::as_document).map(kind).collect(),
        _ => String::new(),
    };
    let name = command.iter().next().and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned();
    command.iter().fold(name, |kind, (key, value)| format!("{kind} {key}({})", fields(value)))
}

/// Returns the stages of a plan that scan a whole collection.
fn scans(plan: &Bson) -> Vec<String> {
    match plan {
        Bson::Document(plan) => {
            let scanned = plan.get_str("stage").is_ok_and(|stage| stage == "COLLSCAN")
                || plan.get("collectionScans").and_then(Bson::as_i64).is_some_and(|scans| scans > 0);
            let own = scanned.then(|| plan.to_string());
            own.into_iter().chain(plan.iter().flat_map(|(_, value)| scans(value))).collect()
        }
        Bson::Array(plans) => plans.iter().flat_map(scans).collect(),
        _ => Vec::new(),
    }
}
