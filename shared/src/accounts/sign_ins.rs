//! Signing in with a one-time code.

use super::otps::{Otps, RightCode};
use super::sessions::{Session, Sessions};
use super::users::{User, Users};
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::WRONG_CODE;
use crate::error::Result;
use crate::values::email::EmailAddress;

/// Signs users in.
pub struct SignIns {
    otps: Otps,
    users: Users,
    sessions: Sessions,
}

/// A browser that presents a code.
pub struct Attempt<'a> {
    /// The address that the code was sent to.
    pub email: &'a EmailAddress,
    /// The hash of the code.
    pub hash: &'a str,
    /// Whether the browser proves that it requested the code.
    pub is_requester: bool,
    /// The user agent of the browser.
    pub user_agent: Option<&'a str>,
}

impl FromEnv for SignIns {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            otps: Otps::from_env(environment).await?,
            users: Users::from_env(environment).await?,
            sessions: Sessions::from_env(environment).await?,
        })
    }
}

impl SignIns {
    /// Exchanges a code for a session. Returns `None` if the profile of the user is not complete.
    ///
    /// The code is spent last, so that it still works after a failure. If the answer is lost, the
    /// browser that requested the code repeats the attempt and gets the same session.
    ///
    /// # Errors
    /// Those of [`Otps::check`].
    pub async fn sign_in(&self, attempt: Attempt<'_>) -> Result<Option<Session>> {
        let Attempt { email, hash, is_requester, user_agent } = attempt;
        let code = self.otps.check(email, hash, is_requester).await?;
        let user = self.users.find_or_create(email).await?;
        match code {
            RightCode::Unspent => self.first(&user, email, hash, user_agent).await,
            RightCode::Spent(Some(session)) => {
                let session = self.sessions.find(session).await?;
                Ok(Some(session.filter(Session::is_new).ok_or(WRONG_CODE)?))
            }
            RightCode::Spent(None) if user.is_profile_complete => Err(WRONG_CODE),
            RightCode::Spent(None) => Ok(None),
        }
    }

    async fn first(
        &self,
        user: &User,
        email: &EmailAddress,
        hash: &str,
        user_agent: Option<&str>,
    ) -> Result<Option<Session>> {
        if !user.is_profile_complete {
            self.otps.spend(email, hash, None).await?;
            return Ok(None);
        }
        let session = self.sessions.start(user.id, user_agent).await?;
        if let Err(error) = self.otps.spend(email, hash, Some(session.id)).await {
            self.sessions.end(session.id).await?;
            return Err(error);
        }
        Ok(Some(session))
    }
}
