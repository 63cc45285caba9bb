//! `ack`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::contract::description;
use crate::contract::frame::Event;
use crate::values::ack_id::AckId;

/// The fields of `ack`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ack {
    /// The number of the frame that was handled.
    pub ack_id: AckId,
}

impl Event for Ack {
    const NAME: &'static str = "ack";
}

pub(super) fn event() -> description::Event {
    let example = Ack { ack_id: AckId::FIRST };
    description::Event::new("A frame of the receiver was handled.", &example)
}
