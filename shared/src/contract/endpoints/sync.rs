//! `POST /api/sync`.

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::NO_ACCESS_KEY;
use crate::contract::synced::{INPUT_EXAMPLE, SyncInput, example};

pub(super) fn endpoint() -> Endpoint {
    Endpoint::new("POST", "/api/sync", Tag::Chats, "Reads everything that a client has missed")
        .callers("`access-key`", [Some(ACCESS)])
        .json::<SyncInput>(INPUT_EXAMPLE)
        .note("chats", "the last `seq` that the client holds, by chat")
        .note("since", "the `now` of the last sync")
        .note("before", "a `next`")
        .effect(
            "`chats`: for each chat with something new the `entries` after the `seq` that the client holds, `more`, \
             `lastSeq`, `unread`, and the `marks` that have changed since; of a chat that the client did not name, \
             the newest entries, beginning with `from`. `gone`: named chats that are not the caller's. `now`: the \
             next `since`. `next`: the same request goes on with this `before`",
        )
        .returns(example())
        .invalid(["\"chats\" must name at most 500 chats"])
        .fails([NO_ACCESS_KEY])
}
