//! Converts the collections `chats` and `pages`, in which earlier versions stored chats, to the
//! collection `log`.
//!
//! The command can be repeated: it skips chats that are in `log` already, and it leaves the old
//! collections as they are.

use std::collections::HashMap;
use std::process::ExitCode;

use clap::Parser;
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection, Database};
use serde::Deserialize;
use shared::chats::direct::Pair;
use shared::chats::import::{Import, ImportedChat, ImportedMessage};
use shared::chats::log::Log;
use shared::indexes;
use shared::values::ids::{ChatId, MessageId, UserId};
use shared::values::text::{ClientId, MessageText};
use shared::values::timestamp::Timestamp;

/// The number of chats that are converted at once.
const BATCH: usize = 100;

/// Converts the chats of a database that was written before the log.
#[derive(Parser)]
struct Arguments {
    /// The connection string, with the name of the database
    #[arg(long, value_name = "URL")]
    database: String,
}

/// A chat as earlier versions stored it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldChat {
    #[serde(rename = "_id")]
    id: ChatId,
    pair: Pair,
    created_at: Timestamp,
}

/// A page of messages as earlier versions stored it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldPage {
    chat_id: ChatId,
    messages: Vec<OldMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldMessage {
    #[serde(rename = "_id")]
    id: MessageId,
    send_by: UserId,
    send_time: Timestamp,
    message: MessageText,
    client_id: Option<ClientId>,
}

impl From<OldMessage> for ImportedMessage {
    fn from(OldMessage { id, send_by, send_time, message, client_id }: OldMessage) -> Self {
        Self { id, send_by, send_time, text: message, client_id }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match convert(&Arguments::parse().database).await {
        Ok((converted, skipped)) => {
            println!("{converted} chats were converted; {skipped} had been converted before");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\nRun the same command again to continue.");
            ExitCode::FAILURE
        }
    }
}

/// Returns the number of chats that were converted, and of those that were converted before.
async fn convert(url: &str) -> mongodb::error::Result<(usize, usize)> {
    let client = Client::with_uri_str(url).await?;
    let named = client.default_database();
    let database = named.ok_or_else(|| mongodb::error::Error::custom("--database names no database"))?;
    indexes::ensure(&database).await?;
    let log = Log::new(&database);
    let chats = database.collection::<OldChat>("chats").find(doc! {}).sort(doc! { "_id": 1 }).await?;
    let mut batches = chats.try_chunks(BATCH);
    let (mut converted, mut skipped) = (0, 0);
    while let Some(batch) = batches.try_next().await.map_err(|error| error.1)? {
        let ids: Vec<_> = batch.iter().map(|chat| chat.id).collect();
        let existing = log.existing(&ids).await?;
        let count = batch.len();
        let new: Vec<_> = batch.into_iter().filter(|chat| !existing.contains_key(&chat.id)).collect();
        skipped += count - new.len();
        converted += new.len();
        log.import(read_messages(&database, new).await?).await?;
    }
    Ok((converted, skipped))
}

/// Reads the messages of chats.
async fn read_messages(database: &Database, chats: Vec<OldChat>) -> mongodb::error::Result<Vec<Import>> {
    let pages: Collection<OldPage> = database.collection("pages");
    let ids: Vec<_> = chats.iter().map(|chat| chat.id).collect();
    let order: Document = doc! { "chatId": 1, "number": 1 };
    let mut pages = pages.find(doc! { "chatId": { "$in": ids } }).sort(order).await?;
    let mut messages: HashMap<ChatId, Vec<ImportedMessage>> = HashMap::new();
    while let Some(page) = pages.try_next().await? {
        messages.entry(page.chat_id).or_default().extend(page.messages.into_iter().map(ImportedMessage::from));
    }
    let import = |OldChat { id, pair, created_at }| Import {
        chat: ImportedChat { id, pair, created_at },
        existing: None,
        messages: messages.remove(&id).unwrap_or_default(),
    };
    Ok(chats.into_iter().map(import).collect())
}
