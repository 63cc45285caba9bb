//! `receipt`.

use crate::contract::description::{Action, Type};
use crate::contract::receipt::ReceiptInput;

/// The name on the wire.
pub(super) const NAME: &str = "receipt";

pub(super) fn action() -> Action {
    Action {
        name: NAME,
        summary: "Tells what was delivered to this device, and what the user has read",
        effect: "moves the user's watermarks forward, at most to the last entry of the chat, and sends `receipt` \
                 `{chatId, userId, delivered, read}` to the members. Watermarks that are behind change nothing",
        input: Type::input::<ReceiptInput>(
            r#"{"action":"receipt","chatId":"65a1b2c3d4e5f60718293a4d","delivered":42,"read":41}"#,
        ),
    }
}
