//! Positions in a list of chats.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

use super::ids::ChatId;
use super::timestamp::Timestamp;

/// The position of a chat in a list that is ordered by last activity, and then by id. Clients treat
/// it as an opaque text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct InboxCursor {
    /// The last activity of the chat.
    pub last_activity: Timestamp,
    /// The chat.
    pub chat: ChatId,
}

impl FromStr for InboxCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (millis, chat) = text.split_once('-')?;
            // Fifteen digits last for thirty thousand years.
            let is_time = (1..=15).contains(&millis.len()) && millis.bytes().all(|byte| byte.is_ascii_digit());
            let millis = millis.parse().ok().filter(|_| is_time)?;
            Some(Self { last_activity: Timestamp::from_millis(millis), chat: chat.parse().ok()? })
        };
        parse().ok_or("must be the next of the previous page")
    }
}

impl TryFrom<String> for InboxCursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for InboxCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.last_activity.as_millis(), self.chat)
    }
}

impl Serialize for InboxCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for InboxCursor {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "InboxCursor".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A position in a list of chats.",
            "type": "string",
            "pattern": "^[0-9]{1,15}-[0-9a-f]{24}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        let text = "1700000000120-65a1b2c3d4e5f60718293a4d";
        assert_eq!(text.parse::<InboxCursor>().unwrap().to_string(), text);
        for invalid in ["", "1700000000120", "-65a1b2c3d4e5f60718293a4d", "x-65a1b2c3d4e5f60718293a4d", "1-2"] {
            assert!(invalid.parse::<InboxCursor>().is_err(), "{invalid:?} is accepted");
        }
    }
}
