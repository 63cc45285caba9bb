//! `sync`.

use crate::contract::description::{Action, Type};
use crate::contract::synced::{INPUT_EXAMPLE, SyncInput};

/// The name on the wire.
pub(super) const NAME: &str = "sync";

pub(super) fn action() -> Action {
    let example = format!(r#"{{"action":"sync","ackId":1,{}"#, &INPUT_EXAMPLE[1..]);
    Action {
        name: NAME,
        summary: "Reads everything that the client has missed",
        effect: "the ack has the answer of `POST /api/sync`, at most 96 KiB; `ackId` is required",
        input: Type::input::<SyncInput>(&example),
    }
}
