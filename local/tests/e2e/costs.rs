//! What an invocation asks of the database: how many commands, and that indexes serve all of them.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};

use crate::harness::{Setup, left_out, new_email, unique, use_everything};

/// What each function takes, in the order of [`use_everything`]: reads and relayed events one command, writes two,
/// and more where the comment says why.
const COMMANDS: &[(&str, u64)] = &[
    ("SendOtp", 1),
    ("VerifyOtp", 2),
    // The user, and the new session.
    ("UploadDetails", 2),
    // The session that goes on, whose address it is, the photo, the user.
    ("UploadDetails", 4),
    ("UserDetails", 1),
    ("Photo", 1),
    // The code, the user, the session.
    ("VerifyOtp", 3),
    ("DeleteOtp", 1),
    ("Users", 1),
    ("Users", 1),
    ("CreateConnection", 2),
    // Whose the chat is, that no page is open, that there is none, and the first page.
    ("SendMessage", 4),
    ("SendMessage", 2),
    // Without an access-key, the session tells who sends.
    ("SendMessage", 3),
    ("GetChat", 1),
    ("LastMessage", 1),
    ("AllConnection", 1),
    ("Refresh", 1),
    ("SocketTicket", 0),
    ("Connect", 2),
    ("JoinChatRoom", 2),
    ("Chatsend", 1),
    ("MessageReceived", 1),
    ("SendActiveResponse", 1),
    ("AddFriend", 1),
    ("Default", 0),
    ("Disconnect", 1),
    // The session, and its sockets.
    ("Logout", 2),
];

#[tokio::test]
async fn every_function_takes_its_number_of_database_commands() {
    if left_out() {
        return;
    }
    let stack = Setup::default().start();

    let taken = use_everything(&stack).await;

    for (entry, expected) in taken.iter().zip(COMMANDS) {
        let found = (entry["function"].as_str().unwrap(), entry["databaseCommands"].as_u64().unwrap());
        assert_eq!(found, *expected, "{entry}");
    }
    assert_eq!(taken.len(), COMMANDS.len());
}

#[tokio::test]
async fn indexes_serve_every_command_and_little_is_read_whatever_there_is() {
    if left_out() {
        return;
    }
    let stack = Setup::default().start();
    let database = stack.database().await;
    fill(&database).await;
    database.run_command(doc! { "profile": 2 }).await.unwrap();

    use_everything(&stack).await;

    database.run_command(doc! { "profile": 0 }).await.unwrap();
    let entries: Vec<Document> = {
        let cursor = database.collection("system.profile").find(doc! { "appName": "chat" }).await.unwrap();
        cursor.try_collect().await.unwrap()
    };
    let mut kinds = HashSet::new();
    for entry in &entries {
        let read = entry.get_i32("docsExamined").unwrap_or_default();
        assert!(read <= MOST_READ, "{read} documents are read by {entry}");
        let Some(command) = explainable(entry) else { continue };
        kinds.insert(kind(&command));
        let explained = database.run_command(doc! { "explain": &command, "verbosity": "executionStats" }).await;
        let explained = explained.unwrap_or_else(|error| panic!("{command}: {error}"));
        let scans = scans(&explained.into());
        assert!(scans.is_empty(), "{command} scans {scans:?}");
    }
    assert!(kinds.len() >= 20, "only these kinds of commands were seen: {kinds:?}");
}

/// The most documents that a command of [`use_everything`] may look at, with [`OTHERS`] that are none of its business.
const MOST_READ: i32 = 8;

/// So many documents of each kind are there that nobody asks for.
const OTHERS: usize = 500;

/// Fills the collections with what belongs to other people.
async fn fill(database: &Database) {
    let later = DateTime::from_millis(DateTime::now().timestamp_millis() + 3_600_000);
    let id = ObjectId::new;
    let kinds: [(&str, &dyn Fn() -> Document); 6] = [
        ("users", &|| {
            let word = unique("other");
            doc! { "email": format!("{word}@example.com"), "fullName": &word, "searchTerms": [word], "isProfileComplete": true }
        }),
        ("otps", &|| doc! { "_id": new_email(), "expiresAt": later }),
        ("sessions", &|| doc! { "userId": id(), "generation": 1_i64, "expiresAt": later }),
        ("chats", &|| {
            let (low, high) = (id(), id());
            doc! { "usersId": [low, high], "pair": { "low": low, "high": high } }
        }),
        ("pages", &|| doc! { "chatId": id(), "number": 0_i64, "count": 1_i64, "messages": [{ "key": unique("") }] }),
        ("connections", &|| doc! { "_id": unique(""), "userId": id(), "rooms": [id()], "expiresAt": later }),
    ];
    for (collection, document) in kinds {
        let others: Vec<_> = (0..OTHERS).map(|_| document()).collect();
        database.collection(collection).insert_many(others).await.unwrap();
    }
}

/// The command of an entry of MongoDB's profiler as it can be explained; `None` for an insertion, which looks for nothing.
fn explainable(entry: &Document) -> Option<Document> {
    let collection = entry.get_str("ns").unwrap().split_once('.').unwrap().1;
    let mut command = entry.get_document("command").unwrap().clone();
    for about_the_session in ["lsid", "$db", "$clusterTime", "txnNumber", "writeConcern"] {
        command.remove(about_the_session);
    }
    match entry.get_str("op").unwrap() {
        "insert" => None,
        "update" => Some(doc! { "update": collection, "updates": [command] }),
        "remove" => Some(doc! { "delete": collection, "deletes": [command] }),
        _ => Some(command).filter(|command| !command.contains_key("insert")),
    }
}

/// What tells commands apart, whatever values they have: the fields in them.
fn kind(command: &Document) -> String {
    let fields = |value: &Bson| match value {
        Bson::Document(document) => kind(document),
        Bson::Array(values) => values.iter().filter_map(Bson::as_document).map(kind).collect(),
        _ => String::new(),
    };
    let name = command.iter().next().and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned();
    command.iter().fold(name, |kind, (key, value)| format!("{kind} {key}({})", fields(value)))
}

/// The stages of a plan that go through a whole collection.
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
