//! Signed tokens (JWT, RFC 7519, HS256): what a browser or a socket proves its identity with.
//!
//! `SECRET_KEY` signs refresh tokens; `SECRET_KEY_ACCESS` signs everything short-lived. Each kind has its
//! own audience, so that none passes for another.

use std::str::FromStr;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::{self, ConfigError};
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::ids::{SessionId, TicketId, UserId};
use crate::sessions::{SESSION_LIFETIME, Session};
use crate::timestamp::Timestamp;

/// A key for HMAC-SHA-256. RFC 7518, section 3.2, asks for at least as many bytes as the hash has.
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    const MIN_BYTES: usize = 32;

    /// `SECRET_KEY`: refresh tokens and the hashes of one-time codes.
    ///
    /// # Errors
    /// When it is missing or shorter than 32 bytes.
    pub fn refresh_from_env() -> Result<Self, ConfigError> {
        config::required("SECRET_KEY")
    }

    /// `SECRET_KEY_ACCESS`: everything short-lived.
    ///
    /// # Errors
    /// When it is missing or shorter than 32 bytes.
    pub fn access_from_env() -> Result<Self, ConfigError> {
        config::required("SECRET_KEY_ACCESS")
    }

    /// The key itself.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for SecretKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() < Self::MIN_BYTES {
            Err("must be at least 32 bytes long")
        } else {
            Ok(Self(text.as_bytes().to_vec()))
        }
    }
}

/// A kind of token.
trait Kind: Serialize + DeserializeOwned {
    /// What sets it apart from the other kinds (`aud`, RFC 7519, section 4.1.3).
    const AUDIENCE: &'static str;
}

/// Proof of a session that can be exchanged for the next one of its kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshToken {
    /// The session.
    pub session: SessionId,
    /// Which of the session's refresh tokens this is.
    pub generation: i64,
}

impl Kind for RefreshToken {
    const AUDIENCE: &'static str = "refresh";
}

/// Proof of who the caller is: everything that most endpoints ask, without the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessToken {
    /// The signed-in user.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// The session that the user signed in with.
    pub session: SessionId,
}

impl Kind for AccessToken {
    const AUDIENCE: &'static str = "access";
}

/// Proof that a browser verified an address whose profile is not complete.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignupToken {
    /// The verified address.
    #[serde(rename = "sub")]
    pub email: EmailAddress,
}

impl Kind for SignupToken {
    const AUDIENCE: &'static str = "signup";
}

/// Proof for opening one socket, for clients whose cookies do not reach the WebSocket API.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// Makes the ticket usable once.
    #[serde(rename = "jti")]
    pub id: TicketId,
    /// The signed-in user.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// The session that the ticket was asked for with.
    pub session: SessionId,
}

impl Ticket {
    /// How long a ticket can be used.
    pub const LIFETIME: Duration = Duration::from_secs(30);
}

impl Kind for Ticket {
    const AUDIENCE: &'static str = "ticket";
}

/// How long a browser that verified an address has to complete its profile.
pub const SIGNUP_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Signs and reads refresh tokens.
pub struct RefreshTokens(Signer);

impl RefreshTokens {
    /// With `SECRET_KEY`.
    ///
    /// # Errors
    /// When it is missing or too short.
    pub fn from_env() -> Result<Self, ConfigError> {
        SecretKey::refresh_from_env().map(|key| Self(Signer::new(&key)))
    }

    /// The token of a session's current generation.
    ///
    /// # Errors
    /// [`Error::Internal`] when signing fails.
    pub fn issue(&self, session: &Session) -> Result<String> {
        self.0.sign(&RefreshToken { session: session.id, generation: session.generation }, SESSION_LIFETIME)
    }

    /// What the first genuine token among `candidates` says.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when there is none.
    pub fn read<'a>(&self, candidates: impl IntoIterator<Item = &'a str>) -> Result<RefreshToken> {
        self.0.read(candidates).ok_or(Error::Unauthorized("there is no valid refresh-key: sign in"))
    }
}

/// Signs and reads access tokens, sign-up tokens and socket tickets.
pub struct AccessTokens(Signer);

impl AccessTokens {
    /// With `SECRET_KEY_ACCESS`.
    ///
    /// # Errors
    /// When it is missing or too short.
    pub fn from_env() -> Result<Self, ConfigError> {
        SecretKey::access_from_env().map(|key| Self(Signer::new(&key)))
    }

    /// An access token for a session.
    ///
    /// # Errors
    /// [`Error::Internal`] when signing fails.
    pub fn issue(&self, session: &Session, lifetime: Duration) -> Result<String> {
        self.0.sign(&AccessToken { user: session.user_id, session: session.id }, lifetime)
    }

    /// A sign-up token for a verified address.
    ///
    /// # Errors
    /// [`Error::Internal`] when signing fails.
    pub fn issue_signup(&self, email: &EmailAddress) -> Result<String> {
        self.0.sign(&SignupToken { email: email.clone() }, SIGNUP_LIFETIME)
    }

    /// A socket ticket for a signed-in user.
    ///
    /// # Errors
    /// [`Error::Internal`] when signing fails.
    pub fn issue_ticket(&self, caller: &AccessToken) -> Result<String> {
        let ticket = Ticket { id: TicketId::new(), user: caller.user, session: caller.session };
        self.0.sign(&ticket, Ticket::LIFETIME)
    }

    /// What the first genuine access token among `candidates` says.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when there is none.
    pub fn read<'a>(&self, candidates: impl IntoIterator<Item = &'a str>) -> Result<AccessToken> {
        self.0.read(candidates).ok_or(Error::Unauthorized("there is no valid access-key: refresh, or sign in"))
    }

    /// What the first genuine sign-up token among `candidates` says.
    pub fn read_signup<'a>(&self, candidates: impl IntoIterator<Item = &'a str>) -> Option<SignupToken> {
        self.0.read(candidates)
    }

    /// What a ticket says, if it is genuine.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when it is not, or too old.
    pub fn read_ticket(&self, ticket: &str) -> Result<Ticket> {
        self.0.read([ticket]).ok_or(Error::Unauthorized("the ticket is not valid, or no longer"))
    }
}

/// The claims that every token has, around those of its kind.
#[derive(Serialize, Deserialize)]
struct Claims<T> {
    aud: String,
    iat: i64,
    exp: i64,
    #[serde(flatten)]
    token: T,
}

struct Signer {
    sign: EncodingKey,
    verify: DecodingKey,
}

impl Signer {
    fn new(key: &SecretKey) -> Self {
        Self { sign: EncodingKey::from_secret(key.bytes()), verify: DecodingKey::from_secret(key.bytes()) }
    }

    fn sign<T: Kind>(&self, token: &T, lifetime: Duration) -> Result<String> {
        let now = Timestamp::now();
        let exp = (now + lifetime).unix_seconds();
        let claims = Claims { aud: T::AUDIENCE.to_owned(), iat: now.unix_seconds(), exp, token };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
            .map_err(|error| Error::Internal(error.into()))
    }

    fn read<'a, T: Kind>(&self, candidates: impl IntoIterator<Item = &'a str>) -> Option<T> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_required_spec_claims(&["exp", "aud"]);
        validation.set_audience(&[T::AUDIENCE]);
        let genuine = |token: &str| jsonwebtoken::decode::<Claims<T>>(token, &self.verify, &validation).ok();
        // RFC 7519, section 4.1.4: not on or after `exp`. The library accepts the second itself.
        let now = Timestamp::now().unix_seconds();
        candidates.into_iter().filter_map(genuine).find(|data| data.claims.exp > now).map(|data| data.claims.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(key: char) -> Signer {
        Signer::new(&key.to_string().repeat(32).parse().unwrap())
    }

    fn access() -> AccessToken {
        AccessToken { user: UserId::new(), session: SessionId::new() }
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_secret_has_at_least_32_bytes() {
        assert!("x".repeat(31).parse::<SecretKey>().is_err());
        assert!("x".repeat(32).parse::<SecretKey>().is_ok());
    }

    #[test]
    fn a_token_is_read_with_the_key_that_signed_it_only() {
        let token = access();
        let signed = signer('a').sign(&token, MINUTE).unwrap();
        assert_eq!(signer('a').read::<AccessToken>([signed.as_str()]).unwrap().user, token.user);
        assert!(signer('b').read::<AccessToken>([signed.as_str()]).is_none());
    }

    #[test]
    fn a_token_of_one_kind_is_none_of_another() {
        let caller = access();
        let ticket = Ticket { id: TicketId::new(), user: caller.user, session: caller.session };
        let signed = signer('a').sign(&ticket, MINUTE).unwrap();
        assert!(signer('a').read::<AccessToken>([signed.as_str()]).is_none(), "a ticket passes for an access token");
    }

    #[test]
    fn an_expired_token_is_refused() {
        let signed = signer('a').sign(&access(), Duration::ZERO).unwrap();
        assert!(signer('a').read::<AccessToken>([signed.as_str()]).is_none());
    }

    #[test]
    fn the_genuine_one_is_found_among_others() {
        let token = access();
        let signed = signer('a').sign(&token, MINUTE).unwrap();
        for candidates in [["1", signed.as_str()], [signed.as_str(), "1"]] {
            assert_eq!(signer('a').read::<AccessToken>(candidates).unwrap().user, token.user);
        }
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        // {"alg":"none","typ":"JWT"} with the claims of a genuine token and no signature.
        let signed = signer('a').sign(&access(), MINUTE).unwrap();
        let claims = signed.split('.').nth(1).unwrap();
        let forged = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
        assert!(signer('a').read::<AccessToken>([forged.as_str()]).is_none());
    }
}
