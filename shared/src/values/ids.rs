//! Ids: 24 lower-case hex digits in JSON, ObjectIds in the database.

use std::fmt;
use std::str::FromStr;

use mongodb::bson::{Bson, oid::ObjectId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The reason why a text is not an id.
#[derive(Debug, thiserror::Error)]
#[error("must be an id of 24 lower-case hex digits")]
pub struct InvalidId;

fn parse(text: &str) -> Result<ObjectId, InvalidId> {
    let lower_case = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    ObjectId::parse_str(text).ok().filter(|_| lower_case).ok_or(InvalidId)
}

macro_rules! ids {
    ($(#[doc = $doc:literal] $name:ident)+) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(ObjectId);

        impl $name {
            /// Creates a new, unique id.
            #[expect(clippy::new_without_default, reason = "a default would be a new value every time")]
            pub fn new() -> Self {
                Self(ObjectId::new())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text).map(Self)
            }
        }

        impl From<ObjectId> for $name {
            fn from(id: ObjectId) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Bson {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
                } else {
                    ObjectId::deserialize(deserializer).map(Self)
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "description": $doc.trim(), "type": "string", "pattern": "^[0-9a-f]{24}$" })
            }
        }
    )+};
}

ids! {
    /// The id of a user.
    UserId
    /// The id of a direct chat, which is also the name of its room.
    ChatId
    /// The id of a message.
    MessageId
    /// The id of a sign-in on one device.
    SessionId
    /// The id of a socket ticket, which makes it usable once.
    TicketId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_24_lower_case_hex_digits() {
        assert_eq!("65a1b2c3d4e5f60718293a4b".parse::<UserId>().unwrap().to_string(), "65a1b2c3d4e5f60718293a4b");
        for invalid in [
            "",
            "65a1b2c3d4e5f60718293a4",
            "65A1B2C3D4E5F60718293A4B",
            "65a1b2c3d4e5f60718293a4bc",
            "zza1b2c3d4e5f60718293a4b",
        ] {
            assert!(invalid.parse::<UserId>().is_err(), "{invalid:?} is accepted");
        }
    }

    #[test]
    fn an_id_is_hex_in_json_and_an_object_id_in_the_database() {
        let id = UserId::new();
        assert_eq!(serde_json::to_value(id).unwrap(), id.to_string());
        assert_eq!(serde_json::from_value::<UserId>(id.to_string().into()).unwrap(), id);
        let document = mongodb::bson::RawDocumentBuf::try_from(&mongodb::bson::doc! { "id": id }).unwrap();
        assert_eq!(document.get_object_id("id").unwrap(), id.0);
    }
}
