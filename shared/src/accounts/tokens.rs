//! Signed tokens (JWT, RFC 7519, HS256), which prove the identity of a browser or a socket.
//!
//! `SECRET_KEY` signs refresh tokens; `SECRET_KEY_ACCESS` signs everything short-lived. Each kind
//! has its own audience, so that no kind passes for another.

use std::cmp::Reverse;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::{INVALID_TICKET, NO_ACCESS_KEY, NO_REFRESH_KEY};
use crate::error::{Error, Result};
use crate::values::email::EmailAddress;
use crate::values::ids::{SessionId, TicketId, UserId};
use crate::values::secret_key::SecretKey;
use crate::values::timestamp::Timestamp;

/// The variable with the key for refresh tokens and for the hashes of one-time codes.
pub(super) const REFRESH_SECRET: &str = "SECRET_KEY";

/// The variable with the key for everything short-lived.
const ACCESS_SECRET: &str = "SECRET_KEY_ACCESS";

/// A kind of token.
trait Kind: Serialize + DeserializeOwned {
    /// The claim that distinguishes it from the other kinds (`aud`, RFC 7519, section 4.1.3).
    const AUDIENCE: &'static str;
}

/// Proves a session. It can be exchanged for the next refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshToken {
    /// The session.
    pub session: SessionId,
    /// The number of this token among the session's refresh tokens.
    pub generation: i64,
}

impl RefreshToken {
    /// The lifetime of a refresh token, and so of a session that is not refreshed.
    pub const LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);
}

impl Kind for RefreshToken {
    const AUDIENCE: &'static str = "refresh";
}

/// Identifies the caller. Most endpoints need no other credentials and no database query to verify
/// it.
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

/// Proves that a browser verified an address whose profile is not complete.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignupToken {
    /// The verified address.
    #[serde(rename = "sub")]
    pub email: EmailAddress,
}

impl SignupToken {
    /// The time within which a browser must complete the profile.
    pub const LIFETIME: Duration = Duration::from_secs(15 * 60);
}

impl Kind for SignupToken {
    const AUDIENCE: &'static str = "signup";
}

/// Permits one socket, for clients whose cookies do not reach the WebSocket API.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// The id of the ticket, which makes it usable once.
    #[serde(rename = "jti")]
    pub id: TicketId,
    /// The signed-in user.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// The session of the browser that requested the ticket.
    pub session: SessionId,
}

impl Ticket {
    /// The lifetime of a ticket.
    pub const LIFETIME: Duration = Duration::from_secs(30);
}

impl Kind for Ticket {
    const AUDIENCE: &'static str = "ticket";
}

/// Signs and reads refresh tokens.
pub struct RefreshTokens(Signer);

impl FromEnv for RefreshTokens {
    /// Signs with `SECRET_KEY`.
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(Signer::new(&environment.required(REFRESH_SECRET)?)))
    }
}

impl RefreshTokens {
    /// Signs a token.
    ///
    /// # Errors
    /// [`Error::Internal`] if signing fails.
    pub fn sign(&self, token: &RefreshToken) -> Result<String> {
        self.0.sign(token, RefreshToken::LIFETIME)
    }

    /// Reads the genuine tokens among `candidates`, the latest one first. Of several tokens of a
    /// session, only the newest generation counts: the others were left behind in the browser.
    ///
    /// # Errors
    /// [`NO_REFRESH_KEY`] if there is none.
    pub fn read<'a>(&self, candidates: impl IntoIterator<Item = &'a str>) -> Result<Vec<RefreshToken>> {
        let mut tokens: Vec<RefreshToken> = Vec::new();
        for token in self.0.read(candidates) {
            let RefreshToken { session, generation } = token;
            match tokens.iter_mut().find(|other| other.session == session) {
                Some(other) => other.generation = other.generation.max(generation),
                None => tokens.push(token),
            }
        }
        if tokens.is_empty() { Err(NO_REFRESH_KEY) } else { Ok(tokens) }
    }
}

/// Signs and reads access tokens, sign-up tokens and socket tickets.
pub struct ShortLivedTokens(Signer);

impl FromEnv for ShortLivedTokens {
    /// Signs with `SECRET_KEY_ACCESS`.
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(Signer::new(&environment.required(ACCESS_SECRET)?)))
    }
}

impl ShortLivedTokens {
    /// Signs an access token.
    ///
    /// # Errors
    /// [`Error::Internal`] if signing fails.
    pub fn sign_access(&self, token: &AccessToken, lifetime: Duration) -> Result<String> {
        self.0.sign(token, lifetime)
    }

    /// Signs a sign-up token for a verified address.
    ///
    /// # Errors
    /// [`Error::Internal`] if signing fails.
    pub fn sign_signup(&self, email: &EmailAddress) -> Result<String> {
        self.0.sign(&SignupToken { email: email.clone() }, SignupToken::LIFETIME)
    }

    /// Signs a socket ticket for a signed-in user.
    ///
    /// # Errors
    /// [`Error::Internal`] if signing fails.
    pub fn sign_ticket(&self, caller: &AccessToken) -> Result<String> {
        let ticket = Ticket { id: TicketId::new(), user: caller.user, session: caller.session };
        self.0.sign(&ticket, Ticket::LIFETIME)
    }

    /// Reads the latest genuine access token among `candidates`.
    ///
    /// # Errors
    /// [`NO_ACCESS_KEY`] if there is none.
    pub fn read_access<'a>(&self, candidates: impl IntoIterator<Item = &'a str>) -> Result<AccessToken> {
        self.0.read(candidates).into_iter().next().ok_or(NO_ACCESS_KEY)
    }

    /// Reads the genuine access tokens among `candidates`, the latest one first.
    ///
    /// # Errors
    /// [`NO_ACCESS_KEY`] if there is none.
    pub fn read_every_access<'a>(&self, candidates: impl IntoIterator<Item = &'a str>) -> Result<Vec<AccessToken>> {
        let tokens = self.0.read(candidates);
        if tokens.is_empty() { Err(NO_ACCESS_KEY) } else { Ok(tokens) }
    }

    /// Reads the latest genuine sign-up token among `candidates`.
    pub fn read_signup<'a>(&self, candidates: impl IntoIterator<Item = &'a str>) -> Option<SignupToken> {
        self.0.read(candidates).into_iter().next()
    }

    /// Reads a socket ticket.
    ///
    /// # Errors
    /// [`INVALID_TICKET`] if it is not genuine or has expired.
    pub fn read_ticket(&self, ticket: &str) -> Result<Ticket> {
        self.0.read([ticket]).into_iter().next().ok_or(INVALID_TICKET)
    }
}

/// The claims that all tokens share, and those of one kind.
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

    /// Reads the genuine tokens among `candidates`, the latest one first.
    fn read<'a, T: Kind>(&self, candidates: impl IntoIterator<Item = &'a str>) -> Vec<T> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_required_spec_claims(&["exp", "aud"]);
        validation.set_audience(&[T::AUDIENCE]);
        let genuine = |token: &str| jsonwebtoken::decode::<Claims<T>>(token, &self.verify, &validation).ok();
        // RFC 7519, section 4.1.4: a token is invalid on and after `exp`. The library still accepts
        // it in that second.
        let now = Timestamp::now().unix_seconds();
        let claims = candidates.into_iter().filter_map(genuine).map(|data| data.claims);
        let mut claims: Vec<_> = claims.filter(|claims| claims.exp > now).collect();
        claims.sort_by_key(|claims| Reverse(claims.iat));
        claims.into_iter().map(|claims| claims.token).collect()
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
    fn a_token_is_read_only_with_the_key_that_signed_it() {
        let token = access();
        let signed = signer('a').sign(&token, MINUTE).unwrap();
        assert_eq!(signer('a').read::<AccessToken>([signed.as_str()])[0].user, token.user);
        assert!(signer('b').read::<AccessToken>([signed.as_str()]).is_empty());
    }

    #[test]
    fn a_token_of_one_kind_does_not_pass_for_another() {
        let caller = access();
        let ticket = Ticket { id: TicketId::new(), user: caller.user, session: caller.session };
        let signed = signer('a').sign(&ticket, MINUTE).unwrap();
        assert!(signer('a').read::<AccessToken>([signed.as_str()]).is_empty(), "a ticket passes for an access token");
    }

    #[test]
    fn an_expired_token_is_refused() {
        let signed = signer('a').sign(&access(), Duration::ZERO).unwrap();
        assert!(signer('a').read::<AccessToken>([signed.as_str()]).is_empty());
    }

    #[test]
    fn the_genuine_token_is_picked_from_several_candidates() {
        let token = access();
        let signed = signer('a').sign(&token, MINUTE).unwrap();
        for candidates in [["1", signed.as_str()], [signed.as_str(), "1"]] {
            assert_eq!(signer('a').read::<AccessToken>(candidates)[0].user, token.user);
        }
    }

    #[test]
    fn the_newest_generation_of_a_session_counts() {
        let tokens = RefreshTokens(signer('a'));
        let (session, other) = (SessionId::new(), SessionId::new());
        let signed = [(session, 2), (session, 3), (other, 1), (session, 1)]
            .map(|(session, generation)| tokens.sign(&RefreshToken { session, generation }).unwrap());

        let read = tokens.read(signed.iter().map(String::as_str)).unwrap();

        let read: Vec<_> = read.iter().map(|token| (token.session, token.generation)).collect();
        assert_eq!(read, [(session, 3), (other, 1)]);
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        // {"alg":"none","typ":"JWT"} with the claims of a genuine token and no signature.
        let signed = signer('a').sign(&access(), MINUTE).unwrap();
        let claims = signed.split('.').nth(1).unwrap();
        let forged = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
        assert!(signer('a').read::<AccessToken>([forged.as_str()]).is_empty());
    }
}
