//! Profile photos, kept by their content: the same picture is stored once and never changes under its id.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use mongodb::bson::{Binary, Bson, doc, spec::BinarySubtype};
use mongodb::{Collection, Database};
use serde::{Deserialize, Serialize};

use crate::database::is_duplicate;
use crate::error::{Error, Result};

/// The largest photo, in bytes.
pub const MAX_PHOTO_BYTES: usize = 2 * 1024 * 1024;

/// The SHA-256 of a photo's bytes in 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoId(String);

impl FromStr for PhotoId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if hex { Ok(Self(text.to_owned())) } else { Err("must be 64 lower-case hex digits") }
    }
}

impl From<&PhotoId> for Bson {
    fn from(id: &PhotoId) -> Self {
        Bson::String(id.0.clone())
    }
}

impl fmt::Display for PhotoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for PhotoId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PhotoId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "description": "What a photo is called.", "type": "string", "pattern": "^[0-9a-f]{64}$" })
    }
}

/// The address that photos are served below, as the client reached this API.
pub struct PhotoBase(String);

impl PhotoBase {
    /// Photos below `origin`, a scheme and a host.
    pub fn new(origin: &str) -> Self {
        Self(format!("{origin}/uploads"))
    }

    /// The address of one photo.
    pub fn url(&self, photo: &PhotoId) -> String {
        format!("{}/{photo}", self.0)
    }
}

/// A picture whose bytes were looked at.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Photo {
    #[serde(rename = "_id")]
    id: PhotoId,
    content_type: String,
    bytes: Binary,
}

impl Photo {
    /// Takes a JPEG, PNG or WebP, recognised by its first bytes: what a client says of a file proves nothing.
    ///
    /// # Errors
    /// When it is larger than [`MAX_PHOTO_BYTES`], or none of the three.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        if bytes.len() > MAX_PHOTO_BYTES {
            return Err(Error::TooLarge(MAX_PHOTO_BYTES));
        }
        let content_type = match bytes.as_slice() {
            [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => "image/png",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
            _ => return Err(Error::UnsupportedMedia("\"profile\" must be a JPEG, PNG or WebP image")),
        };
        let hash = digest::digest(&digest::SHA256, &bytes);
        let id = PhotoId(hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect());
        Ok(Self { id, content_type: content_type.to_owned(), bytes: Binary { subtype: BinarySubtype::Generic, bytes } })
    }

    /// The photo's id.
    pub fn id(&self) -> &PhotoId {
        &self.id
    }

    /// The media type.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The picture itself.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.bytes
    }
}

/// The collection of photos.
pub struct Photos(Collection<Photo>);

impl Photos {
    /// The photos of `database`.
    pub fn new(database: &Database) -> Self {
        Self(database.collection("photos"))
    }

    /// Stores a photo, if it is not there already.
    pub async fn store(&self, photo: &Photo) -> Result<()> {
        match self.0.insert_one(photo).await {
            Err(error) if !is_duplicate(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The photo with this id, if there is one.
    pub async fn find(&self, id: &PhotoId) -> Result<Option<Photo>> {
        Ok(self.0.find_one(doc! { "_id": id }).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_recognised_by_its_content() {
        let kind = |bytes: &[u8]| Photo::from_bytes(bytes.to_vec()).map(|photo| photo.content_type);
        assert_eq!(kind(b"\xFF\xD8\xFF\xE0 and so on").unwrap(), "image/jpeg");
        assert_eq!(kind(b"\x89PNG\r\n\x1A\n and so on").unwrap(), "image/png");
        assert_eq!(kind(b"RIFF\x10\0\0\0WEBPVP8 ").unwrap(), "image/webp");
        for other in [b"GIF89a".as_slice(), b"<svg/>", b"RIFF\x10\0\0\0WAVE", b""] {
            assert_eq!(kind(other).unwrap_err().status(), 415, "{other:?} is no photo");
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
