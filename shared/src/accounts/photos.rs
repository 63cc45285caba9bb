//! Profile photos, stored under the hash of their content. So the same image is stored once, and
//! the content of an id never changes.

use mongodb::bson::{Binary, doc, spec::BinarySubtype};
use mongodb::{Collection, Database};
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::NOT_A_PHOTO;
use crate::contract::limits::MAX_PHOTO_BYTES;
use crate::database::is_duplicate;
use crate::error::{Error, Result};
use crate::values::photo_id::PhotoId;

/// The base URL of photos, with the origin that the client used to reach the API.
pub struct PhotoBase(String);

impl PhotoBase {
    /// Creates the base URL from an origin: a scheme and a host.
    pub fn new(origin: &str) -> Self {
        Self(format!("{origin}/uploads"))
    }

    /// Returns the base URL without an origin, for events: they do not know the origin that a client
    /// uses.
    pub fn relative() -> Self {
        Self::new("")
    }

    /// Returns the URL of a photo.
    pub fn url(&self, photo: &PhotoId) -> String {
        format!("{}/{photo}", self.0)
    }
}

/// An image of a supported type.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Photo {
    #[serde(rename = "_id")]
    id: PhotoId,
    content_type: String,
    bytes: Binary,
}

impl Photo {
    /// Accepts a JPEG, PNG or WebP image. The type is recognized by the first bytes, because the
    /// media type that a client declares cannot be trusted.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if the image exceeds [`MAX_PHOTO_BYTES`]; [`NOT_A_PHOTO`] if it has
    /// another type.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        if bytes.len() > MAX_PHOTO_BYTES {
            return Err(Error::TooLarge(MAX_PHOTO_BYTES));
        }
        let content_type = match bytes.as_slice() {
            [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => "image/png",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
            _ => return Err(NOT_A_PHOTO),
        };
        let id = PhotoId::from_content(&bytes);
        Ok(Self { id, content_type: content_type.to_owned(), bytes: Binary { subtype: BinarySubtype::Generic, bytes } })
    }

    /// Returns the id.
    pub fn id(&self) -> &PhotoId {
        &self.id
    }

    /// Returns the media type.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Returns the bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.bytes
    }
}

/// The collection of photos.
pub struct Photos(Collection<Photo>);

impl FromEnv for Photos {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self::new(&environment.shared::<Database>().await?))
    }
}

impl Photos {
    /// Opens the collection in `database`.
    pub fn new(database: &Database) -> Self {
        Self(database.collection("photos"))
    }

    /// Stores a photo unless it is already stored.
    pub async fn store(&self, photo: &Photo) -> Result<()> {
        match self.0.insert_one(photo).await {
            Err(error) if !is_duplicate(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Returns the photo with this id, if it exists.
    pub async fn find(&self, id: &PhotoId) -> Result<Option<Photo>> {
        Ok(self.0.find_one(doc! { "_id": id }).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_recognized_by_its_content() {
        let kind = |bytes: &[u8]| Photo::from_bytes(bytes.to_vec()).map(|photo| photo.content_type);
        assert_eq!(kind(b"\xFF\xD8\xFF\xE0 and so on").unwrap(), "image/jpeg");
        assert_eq!(kind(b"\x89PNG\r\n\x1A\n and so on").unwrap(), "image/png");
        assert_eq!(kind(b"RIFF\x10\0\0\0WEBPVP8 ").unwrap(), "image/webp");
        for other in [b"GIF89a".as_slice(), b"<svg/>", b"RIFF\x10\0\0\0WAVE", b""] {
            assert_eq!(kind(other).unwrap_err().status(), 415, "{other:?} is accepted");
        }
    }

    #[test]
    fn a_photo_has_at_most_two_mebibytes() {
        let mut bytes = b"\xFF\xD8\xFF".to_vec();
        bytes.resize(MAX_PHOTO_BYTES, 0);
        assert!(Photo::from_bytes(bytes.clone()).is_ok());
        bytes.push(0);
        assert_eq!(Photo::from_bytes(bytes).unwrap_err().status(), 413);
    }
}
