//! Reads a collection in batches that fit into memory.

use futures_util::TryStreamExt;
use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::{Cursor, Database};

use crate::failure::Failure;

/// The maximum number of documents in a batch.
const MAX_DOCUMENTS: usize = 500;

/// The size at which a batch is full. Its last document, of at most 16 MB, may exceed it.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The documents of a collection in the order of their ids.
pub(crate) struct Batches(Cursor<RawDocumentBuf>);

impl Batches {
    /// Starts reading. Also returns an estimate of the number of documents.
    pub(crate) async fn open(database: &Database, collection: &str) -> Result<(Self, u64), Failure> {
        let collection = database.collection::<RawDocumentBuf>(collection);
        let count = collection.estimated_document_count().await?;
        let documents = collection.find(doc! {}).sort(doc! { "_id": 1 }).await?;
        Ok((Self(documents), count))
    }

    /// Returns the next batch. Empty at the end of the collection.
    pub(crate) async fn next(&mut self) -> Result<Vec<RawDocumentBuf>, Failure> {
        let (mut documents, mut bytes) = (Vec::new(), 0);
        while documents.len() < MAX_DOCUMENTS && bytes < MAX_BYTES {
            let Some(document) = self.0.try_next().await? else { break };
            bytes += document.as_bytes().len();
            documents.push(document);
        }
        Ok(documents)
    }
}
