//! Reading a collection in parts that fit into memory.

use futures_util::TryStreamExt;
use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::{Cursor, Database};

use crate::failure::Failure;

/// So many documents are compared and written at once …
const MAX_DOCUMENTS: usize = 500;

/// … or fewer of so many bytes: one more document at most, which has at most 16 MB.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The documents of a collection in the order of their ids.
pub(crate) struct Batches(Cursor<RawDocumentBuf>);

impl Batches {
    /// Starts to read; tells also about how many documents there are.
    pub(crate) async fn of(database: &Database, collection: &str) -> Result<(Self, u64), Failure> {
        let collection = database.collection::<RawDocumentBuf>(collection);
        let count = collection.estimated_document_count().await?;
        let documents = collection.find(doc! {}).sort(doc! { "_id": 1 }).await?;
        Ok((Self(documents), count))
    }

    /// The next documents; empty at the end.
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
