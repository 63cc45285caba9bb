//! `POST /api/receipt`.

use crate::contract::credentials::ACCESS;
use crate::contract::description::{Endpoint, Tag};
use crate::contract::errors::{NO_ACCESS_KEY, NO_SUCH_CHAT, NOT_A_MEMBER};
use crate::contract::receipt::ReceiptInput;

pub(super) fn endpoint() -> Endpoint {
    let summary = "Tells what was delivered to a device, and what the user has read";
    Endpoint::new("POST", "/api/receipt", Tag::Chats, summary)
        .callers("`access-key`, member", [Some(ACCESS)])
        .json::<ReceiptInput>(r#"{"chatId":"65a1b2c3d4e5f60718293a4d","delivered":42,"read":41}"#)
        .note("delivered", "a `seq`")
        .note("read", "a `seq`, which was delivered too")
        .effect(
            "moves the caller's watermarks forward, at most to the last entry of the chat, and sends `receipt` to \
             the members. Watermarks that are behind change nothing",
        )
        .returns_message("Receipt stored")
        .invalid(["\"read\" must be the seq of a message"])
        .fails([NO_ACCESS_KEY, NOT_A_MEMBER, NO_SUCH_CHAT])
}
