//! Announcing new chats.

use futures_util::future::try_join;

use super::connections::{Connections, Device};
use super::push::Push;
use crate::accounts::photos::PhotoBase;
use crate::accounts::users::PublicProfile;
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::actions::connect::Dialect;
use crate::contract::events::new_chat::NewChat;
use crate::error::Result;
use crate::values::ids::ChatId;

/// Announces new direct chats to the native clients of their members.
pub struct NewChats {
    connections: Connections,
    push: Push,
}

impl FromEnv for NewChats {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self { connections: Connections::from_env(environment).await?, push: Push::from_env(environment).await? })
    }
}

impl NewChats {
    /// Announces a chat to both members, each of whom sees the other one.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the database cannot be reached.
    pub async fn announce(&self, chat: ChatId, [one, other]: [PublicProfile; 2]) -> Result<()> {
        let devices = self.connections.of_users(&[one.id(), other.id()], None).await?;
        try_join(self.show(chat, &devices, &one, &other), self.show(chat, &devices, &other, &one)).await?;
        Ok(())
    }

    /// Announces a chat with `friend` to one of its members.
    async fn show(&self, chat_id: ChatId, all: &[Device], to: &PublicProfile, friend: &PublicProfile) -> Result<()> {
        let own = all.iter().filter(|device| device.dialect == Dialect::Native && device.user_id == to.id());
        let event = NewChat { chat_id, friend: friend.clone().into_person(&PhotoBase::relative()) };
        self.push.broadcast(own.map(|device| device.connection.clone()).collect(), &event).await
    }
}
