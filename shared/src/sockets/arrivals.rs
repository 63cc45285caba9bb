//! Notifying those who watch a user when the user comes and goes.
//!
//! If nobody watches, nothing is sent and nothing is waited for.

use super::connections::ConnectionId;
use super::presence::PAUSE;
use super::push::Push;
use crate::error::Result;
use crate::values::ids::UserId;

impl Push {
    /// Reports that a user opened a connection.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the database cannot be reached.
    pub async fn arrived(&self, user: UserId, connection: &ConnectionId) -> Result<()> {
        self.notify(self.presences.opened(user, connection).await?).await
    }

    /// Reports that a connection of a user was closed. If others must be notified, this waits for a
    /// moment in which the user may come back.
    ///
    /// # Errors
    /// As [`Self::arrived`].
    pub async fn departed(&self, user: UserId) -> Result<()> {
        let notices = self.presences.closed(user).await?;
        if notices.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
        if self.presences.has_connection(user).await? { Ok(()) } else { self.notify(notices).await }
    }

    /// Sets whether others see the presence of a user.
    ///
    /// # Errors
    /// [`NO_SUCH_CALLER`](crate::contract::errors::NO_SUCH_CALLER) if the user does not exist.
    pub async fn show_presence(&self, user: UserId, visible: bool) -> Result<()> {
        self.notify(self.presences.show(user, visible).await?).await
    }
}
