//! Announcing what was stored in a chat to the devices of its members.
//!
//! The entry is stored first, and the connections are looked up afterwards. So a client that opens
//! its connection and then reads what it has missed receives every entry, in one way or the other.

use aws_sdk_apigatewaymanagement::primitives::Blob;

use super::connections::{ConnectionId, Device};
use super::push::Push;
use crate::chats::append::Appended;
use crate::contract::actions::connect::Dialect;
use crate::contract::events::chat_update::ChatUpdate;
use crate::contract::events::entry::EntryEvent;
use crate::contract::frame;
use crate::error::Result;

/// The connections that an entry is announced to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The native clients of all members.
    Native,
    /// These, and the frontends of the reference in the room, unless they are the sender's.
    Everyone,
}

impl Push {
    /// Announces an entry to the devices of the members, except the connection that caused it.
    ///
    /// A repeat is announced again, because the first announcement may have been lost. Native clients
    /// recognize it by its `seq`. Frontends of the reference cannot, so they receive no repeat.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the database cannot be reached.
    pub async fn announce(&self, appended: &Appended, cause: Option<&ConnectionId>, audience: Audience) -> Result<()> {
        let update = match appended.message() {
            Ok(message) if audience == Audience::Everyone && !appended.is_repeat => Some(message.message),
            _ => None,
        };
        let devices = self.connections.of_users(&appended.receivers(), update.as_ref().map(|_| appended.chat)).await?;
        let receivers = devices.into_iter().filter(|device| Some(&device.connection) != cause);
        let posts = receivers.filter_map(|device| {
            let json = frame_for(&device, appended, update.as_deref())?;
            Some(json.map(|json| (device.connection, Blob::new(json))))
        });
        self.post_each(posts.collect::<Result<Vec<_>>>()?).await
    }
}

/// Returns the frame that announces an entry to a device, or `None` if the device receives none.
/// `update` is the text for frontends of the reference.
fn frame_for(device: &Device, appended: &Appended, update: Option<&str>) -> Option<Result<String>> {
    let chat_id = appended.chat;
    match device.dialect {
        Dialect::Native => Some(frame::json(&EntryEvent { chat_id, entry: appended.entry_for(device.user_id) })),
        Dialect::Reference if device.user_id == appended.by() => None,
        Dialect::Reference => Some(frame::json(&ChatUpdate { chat_id, message: update?.to_owned() })),
    }
}
