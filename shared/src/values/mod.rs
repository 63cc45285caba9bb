//! Types that are valid once they exist.
//!
//! Each value is parsed where a request, a frame or the environment enters the process. The layers
//! above never check it again. A type defines its form in JSON, in the database and in a schema.

pub mod ack_id;
pub mod code;
pub mod deadline;
pub mod email;
pub mod ids;
pub mod inbox_cursor;
pub mod known_chats;
pub mod limit;
mod number;
pub mod photo_id;
pub mod secret_key;
pub mod seq;
pub mod since;
pub mod text;
pub mod timestamp;

/// Implements `as_str`, `Display` and the conversion to BSON for a newtype around a `String`.
macro_rules! string_value {
    ($name:ident $(<const $max:ident: usize>)?) => {
        impl $(<const $max: usize>)? $name $(<$max>)? {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $(<const $max: usize>)? std::fmt::Display for $name $(<$max>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $(<const $max: usize>)? From<&$name $(<$max>)?> for mongodb::bson::Bson {
            fn from(value: &$name $(<$max>)?) -> Self {
                Self::String(value.0.clone())
            }
        }
    };
}
pub(crate) use string_value;
