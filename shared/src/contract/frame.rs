//! The form of the frames that clients receive.

use serde::Serialize;

use crate::error::{Error, Result};

/// The fields of an event, in the order in which Socket.IO clients receive them.
pub trait Event: Serialize {
    /// The name on the wire.
    const NAME: &'static str;
}

/// Returns the JSON of an event: `{"event":"chatUpdate", …}` with the fields of `event`.
///
/// # Errors
/// [`Error::Internal`] if `event` is not an object.
pub fn json<E: Event>(event: &E) -> Result<String> {
    #[derive(Serialize)]
    struct Frame<'a, E> {
        event: &'static str,
        #[serde(flatten)]
        fields: &'a E,
    }
    serde_json::to_string(&Frame { event: E::NAME, fields: event }).map_err(|error| Error::Internal(error.into()))
}
