//! Test data in the form in which the APIs store it. Creating it through the APIs would take too
//! long.

use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use test_support::{Chat, object_id, unique};

/// The number of documents that are inserted at once.
const BATCH: usize = 10_000;

/// The number of messages in a full page.
const PAGE: usize = 64;

/// Adds `count` messages to a chat that has none.
pub(crate) async fn messages(database: &Database, chat: &Chat, count: usize) {
    let (id, sender) = (object_id(&chat.id), object_id(&chat.ada.id));
    let archived = count.saturating_sub(1) / PAGE;
    let archives = (0..archived).map(|number| {
        let mut archive = doc! { "_id": format!("{id}:{number}"), "chatId": id, "number": number as i64 };
        archive.extend(page(sender, number, PAGE));
        archive
    });
    insert(database, "log", archives).await;
    let mut head = doc! { "number": archived as i64, "lastSeq": count as i64 };
    head.extend(page(sender, archived, count - archived * PAGE));
    database.collection::<Document>("log").update_one(doc! { "_id": id }, doc! { "$set": head }).await.unwrap();
}

/// Returns `count` entries of page `number`, and their keys.
fn page(sender: ObjectId, number: usize, count: usize) -> Document {
    let ids: Vec<_> = (0..count).map(|_| ObjectId::new()).collect();
    let keys: Vec<_> = ids.iter().map(|id| id.to_hex()).collect();
    let entries: Vec<_> =
        ids.into_iter().zip(1..).map(|(id, index)| entry(id, sender, number * PAGE + index)).collect();
    doc! { "entries": entries, "keys": keys }
}

fn entry(id: ObjectId, sender: ObjectId, seq: usize) -> Document {
    let text = "Shall we meet at the station at eight?";
    doc! { "seq": seq as i64, "_id": id, "kind": "message", "by": sender, "at": DateTime::now(), "text": text }
}

/// The number of entries in the heads of [`chats`], which are almost full.
const ENTRIES: usize = PAGE - 1;

/// Adds `count` long chats of a user with new users. Only their heads exist, and the marks.
pub(crate) async fn chats(database: &Database, user: &str, count: usize) {
    const ARCHIVED: usize = 2 * PAGE;
    let (user, friends) = (object_id(user), people(count));
    let ids: Vec<_> = friends.iter().map(|friend| (ObjectId::new(), friend.get_object_id("_id").unwrap())).collect();
    let heads = ids.iter().map(|(chat, friend)| {
        let (low, high, now) = (user.min(*friend), user.max(*friend), DateTime::now());
        let recent: Vec<_> =
            (0..100).map(|index| doc! { "seq": (ARCHIVED - 99 + index) as i64, "by": friend }).collect();
        let mut head = doc! {
            "_id": chat, "chatId": chat, "head": true, "kind": "direct", "pair": { "low": low, "high": high },
            "members": [{ "id": low, "from": 1_i64 }, { "id": high, "from": 1_i64 }],
            "number": 2_i64, "lastSeq": (ARCHIVED + ENTRIES) as i64, "prevKeys": [], "recent": recent,
            "lastActivity": now, "updatedAt": now, "createdAt": now,
        };
        head.extend(page(*friend, 2, ENTRIES));
        head
    });
    insert(database, "log", heads).await;
    let marks = ids.iter().flat_map(|(chat, friend)| {
        [(user, ARCHIVED), (*friend, ARCHIVED + ENTRIES)].map(|(member, read)| {
            doc! {
                "chatId": chat, "userId": member, "delivered": read as i64, "read": read as i64,
                "updatedAt": DateTime::now(),
            }
        })
    });
    insert(database, "marks", marks).await;
    insert(database, "users", friends.into_iter()).await;
}

/// Adds `count` users to the directory.
pub(crate) async fn users(database: &Database, count: usize) {
    insert(database, "users", people(count).into_iter()).await;
}

fn people(count: usize) -> Vec<Document> {
    let person = |_| {
        let name = unique("person");
        doc! {
            "_id": ObjectId::new(), "email": format!("{name}@example.com"), "fullName": &name, "searchTerms": [name],
            "isProfileComplete": true, "createdAt": DateTime::now(), "updatedAt": DateTime::now(),
        }
    };
    (0..count).map(person).collect()
}

/// Adds `count` sockets of other users, each in its own room.
pub(crate) async fn connections(database: &Database, count: usize) {
    insert(database, "connections", (0..count).map(|_| connection(ObjectId::new()))).await;
}

/// Adds `count` dead sockets to the room of a chat.
pub(crate) async fn dead_connections(database: &Database, chat: &Chat, count: usize) {
    let room = object_id(&chat.id);
    insert(database, "connections", (0..count).map(|_| connection(room))).await;
}

fn connection(room: ObjectId) -> Document {
    const HOUR: i64 = 3_600_000;
    let now = DateTime::now().timestamp_millis();
    doc! {
        "_id": unique("dead"), "userId": ObjectId::new(), "sessionId": ObjectId::new(),
        "name": "Carol", "rooms": [room],
        "connectedAt": DateTime::from_millis(now - HOUR), "expiresAt": DateTime::from_millis(now + HOUR),
    }
}

async fn insert(database: &Database, collection: &str, documents: impl Iterator<Item = Document>) {
    let all: Vec<_> = documents.collect();
    for batch in all.chunks(BATCH) {
        database.collection::<Document>(collection).insert_many(batch).await.unwrap();
    }
}
