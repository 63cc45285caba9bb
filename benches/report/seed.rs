//! Test data in the form in which the APIs store it. Creating it through the APIs would take too
//! long.

use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use shared::chats::direct::Pair;
use shared::chats::import::{Import, ImportedChat, ImportedMessage};
use shared::chats::log::Log;
use shared::values::ids::{ChatId, MessageId, UserId};
use shared::values::timestamp::Timestamp;
use test_support::{Chat, object_id, unique};

/// The number of documents that are inserted at once.
const BATCH: usize = 10_000;

/// The number of chats that are imported at once.
const CHATS: usize = 100;

/// The number of entries that everybody has read in the chats of [`chats`]: two archives.
pub(crate) const READ: usize = 128;

const HOUR: i64 = 3_600_000;

/// Gives `count` messages to a chat that has none.
pub(crate) async fn messages(database: &Database, chat: &Chat, count: usize) {
    let (id, ada, bob) = (object_id(&chat.id), object_id(&chat.ada.id), object_id(&chat.bob.id));
    // An import of a new chat writes each of its documents once.
    database.collection::<Document>("log").delete_one(doc! { "_id": id }).await.unwrap();
    Log::new(database).import(vec![import(id.into(), bob.into(), ada.into(), count)]).await.unwrap();
}

/// Returns a chat of two users with `count` messages of `sender`, an hour old.
fn import(id: ChatId, user: UserId, sender: UserId, count: usize) -> Import {
    let time = Timestamp::from_millis(millis_ago(HOUR));
    let message = |_| ImportedMessage {
        id: MessageId::new(),
        send_by: sender,
        send_time: time,
        text: "Shall we meet at the station at eight?".parse().unwrap(),
        client_id: None,
    };
    let chat = ImportedChat { id, pair: Pair::new(user, sender).unwrap(), created_at: time };
    Import { chat, existing: None, messages: (0..count).map(message).collect() }
}

/// Adds chats of a user with new users, who have sent these numbers of messages. The user has read
/// [`READ`] of them. Nothing was sent or read in the last hour. Returns the ids.
pub(crate) async fn chats(database: &Database, user: &str, lengths: &[usize]) -> Vec<String> {
    let (user, friends) = (object_id(user), people(lengths.len()));
    let ids: Vec<_> = friends.iter().map(|friend| (ObjectId::new(), friend.get_object_id("_id").unwrap())).collect();
    let chats: Vec<_> = ids.iter().zip(lengths).collect();
    let log = Log::new(database);
    for batch in chats.chunks(CHATS) {
        let imports = batch
            .iter()
            .map(|((chat, friend), length)| import((*chat).into(), user.into(), (*friend).into(), **length));
        log.import(imports.collect()).await.unwrap();
    }
    let time = DateTime::from_millis(millis_ago(HOUR));
    let heads = database.collection::<Document>("log");
    let own = doc! { "members.id": user, "head": true };
    heads.update_many(own, doc! { "$set": { "updatedAt": time } }).await.unwrap();
    // Those that the import has written say that everybody has read everything.
    let imported = doc! { "chatId": { "$in": ids.iter().map(|(chat, _)| *chat).collect::<Vec<_>>() } };
    database.collection::<Document>("marks").delete_many(imported).await.unwrap();
    let marks = chats.iter().flat_map(|((chat, friend), length)| {
        [(user, READ), (*friend, **length)].map(|(member, read)| {
            doc! {
                "chatId": chat, "userId": member, "delivered": read as i64, "read": read as i64, "updatedAt": time,
            }
        })
    });
    insert(database, "marks", marks).await;
    insert(database, "users", friends.into_iter()).await;
    ids.iter().map(|(chat, _)| chat.to_hex()).collect()
}

/// Adds `count` users to the directory.
pub(crate) async fn users(database: &Database, count: usize) {
    insert(database, "users", people(count).into_iter()).await;
}

fn people(count: usize) -> Vec<Document> {
    let time = DateTime::from_millis(millis_ago(24 * HOUR));
    let person = |_| {
        let name = unique("person");
        doc! {
            "_id": ObjectId::new(), "email": format!("{name}@example.com"), "fullName": &name, "searchTerms": [name],
            "isProfileComplete": true, "createdAt": time, "updatedAt": time,
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
    doc! {
        "_id": unique("dead"), "userId": ObjectId::new(), "sessionId": ObjectId::new(),
        "name": "Carol", "dialect": "1", "rooms": [room], "watches": [],
        "connectedAt": DateTime::from_millis(millis_ago(HOUR)),
        "expiresAt": DateTime::from_millis(millis_ago(-HOUR)),
    }
}

/// Returns the time that was so many milliseconds ago.
pub(crate) fn millis_ago(millis: i64) -> i64 {
    DateTime::now().timestamp_millis() - millis
}

async fn insert(database: &Database, collection: &str, documents: impl Iterator<Item = Document>) {
    let all: Vec<_> = documents.collect();
    for batch in all.chunks(BATCH) {
        database.collection::<Document>(collection).insert_many(batch).await.unwrap();
    }
}
