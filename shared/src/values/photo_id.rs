//! The ids of photos.

use std::str::FromStr;

use aws_lc_rs::digest;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::string_value;

/// The id of a photo: the SHA-256 of its bytes, as 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoId(String);

string_value!(PhotoId);

impl PhotoId {
    /// Returns the id of a photo with this content.
    pub fn from_content(bytes: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA256, bytes);
        Self(hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl FromStr for PhotoId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hash = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hash { Ok(Self(text.to_owned())) } else { Err("must be 64 lower-case hex digits") }
    }
}

impl JsonSchema for PhotoId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PhotoId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "The id of a photo.", "type": "string", "pattern": "^[0-9a-f]{64}$" })
    }
}
