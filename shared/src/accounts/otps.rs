//! One-time codes, which prove that a user owns an address.
//!
//! A code is valid for three minutes and five attempts. The number of codes sent to an address is
//! kept for longer, so that repeated requests neither flood a mailbox nor allow more guesses.

use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};
use mongodb::bson::doc;
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use super::tokens::REFRESH_SECRET;
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::errors::{NO_SUCH_CODE, WRONG_CODE};
use crate::database::{expiring, is_duplicate};
use crate::error::{Error, Result};
use crate::values::code::Code;
use crate::values::email::EmailAddress;
use crate::values::ids::SessionId;
use crate::values::secret_key::SecretKey;
use crate::values::timestamp::Timestamp;

/// The lifetime of a code.
pub const CODE_LIFETIME: Duration = Duration::from_secs(3 * 60);

/// The maximum number of attempts per code.
const MAX_ATTEMPTS: i64 = 5;

/// The number of codes that are sent to an address without a wait. After that, the wait doubles
/// from [`FIRST_WAIT`] up to [`LONGEST_WAIT`], which gives an attacker about 500 of a million
/// guesses per day.
const FREE_SENDS: i64 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// The time without a request after which the count of an address is reset.
const MEMORY: Duration = Duration::from_secs(60 * 60);

/// Hashes codes for storage. Without the key, a code cannot be recovered from the database.
pub struct CodeHasher(hmac::Key);

impl FromEnv for CodeHasher {
    /// Hashes with `SECRET_KEY`.
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        let secret: SecretKey = environment.required(REFRESH_SECRET)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret.bytes())))
    }
}

impl CodeHasher {
    /// Returns the HMAC-SHA-256 of a code that was sent to `email`, in hex. The prefix separates it
    /// from tokens, which are signed with the same key.
    pub fn hash(&self, email: &EmailAddress, code: &Code) -> String {
        self.tag(&format!("otp\n{email}\n{code}"))
    }

    /// Returns the text with which a browser proves that it requested the code with this hash.
    pub fn request_proof(&self, hash: &str) -> String {
        self.tag(&format!("request\n{hash}"))
    }

    /// Returns whether one of these texts is the proof for the code with this hash.
    pub fn is_requester<'a>(&self, hash: &str, proofs: impl IntoIterator<Item = &'a str>) -> bool {
        let genuine = self.request_proof(hash);
        let is_genuine =
            |proof: &str| constant_time::verify_slices_are_equal(proof.as_bytes(), genuine.as_bytes()).is_ok();
        proofs.into_iter().any(is_genuine)
    }

    fn tag(&self, text: &str) -> String {
        let tag = hmac::sign(&self.0, text.as_bytes());
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The state of an address that requested a code.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Otp {
    #[serde(rename = "_id")]
    email: EmailAddress,
    /// The latest code. Absent if it was deleted.
    code: Option<SentCode>,
    /// The number of codes that were sent, since the last reset.
    sends: i64,
    /// The time from which the next code may be sent.
    resend_at: Timestamp,
    /// The time at which the document expires.
    expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentCode {
    hash: String,
    attempts: i64,
    used: bool,
    /// The session that it started. Absent if the profile was not complete.
    session: Option<SessionId>,
    expires_at: Timestamp,
}

/// A right code.
#[derive(Clone, Copy, Debug)]
pub enum RightCode {
    /// It must still be [spent](Otps::spend).
    Unspent,
    /// It was spent, but the browser that requested it may not have received the answer. Contains
    /// the session that it started, if any.
    Spent(Option<SessionId>),
}

/// The collection of one-time codes.
pub struct Otps(Collection<Otp>);

pub(crate) fn indexes() -> Vec<IndexModel> {
    vec![expiring()]
}

impl FromEnv for Otps {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self(environment.shared::<Database>().await?.collection("otps")))
    }
}

impl Otps {
    /// Makes the code with this hash the only one that `email` can sign in with.
    ///
    /// # Errors
    /// [`Error::TooMany`] if too many codes were already sent to the address.
    pub async fn store(&self, email: &EmailAddress, hash: &str) -> Result<()> {
        let now = Timestamp::now();
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let doublings = doc! { "$pow": [2, { "$subtract": ["$sends", FREE_SENDS] }] };
        let wait = doc! { "$cond": [
            { "$lt": ["$sends", FREE_SENDS] },
            0,
            { "$min": [millis(LONGEST_WAIT), { "$multiply": [millis(FIRST_WAIT), doublings] }] },
        ] };
        let update = vec![
            doc! { "$set": {
                "code": { "hash": hash, "attempts": 0, "used": false, "expiresAt": now + CODE_LIFETIME },
                "sends": { "$add": [{ "$ifNull": ["$sends", 0] }, 1] },
                "expiresAt": now + MEMORY,
            } },
            doc! { "$set": { "resendAt": { "$add": [now, wait] } } },
        ];
        // The filter does not match an address that must wait, and its `_id` prevents a second
        // insertion.
        let stored = self.0.update_one(doc! { "_id": email, "resendAt": { "$lte": now } }, update).upsert(true).await;
        match stored {
            Ok(_) => Ok(()),
            Err(error) if is_duplicate(&error) => Err(self.too_many(email).await?),
            Err(error) => Err(error.into()),
        }
    }

    /// Withdraws a code that could not be mailed, as if it had never been requested. A code that
    /// was sent in the meantime stays valid.
    pub async fn withdraw(&self, email: &EmailAddress, hash: &str) -> Result<()> {
        let update =
            doc! { "$unset": { "code": 1 }, "$inc": { "sends": -1 }, "$set": { "resendAt": Timestamp::now() } };
        self.0.update_one(doc! { "_id": email, "code.hash": hash }, update).await?;
        Ok(())
    }

    /// Invalidates the code of `email`, if any.
    pub async fn delete(&self, email: &EmailAddress) -> Result<()> {
        self.0.update_one(doc! { "_id": email }, doc! { "$unset": { "code": 1 } }).await?;
        Ok(())
    }

    /// Counts an attempt to sign in to `email` with a code, and checks its hash. The browser that
    /// requested a code may repeat it, because an answer can be lost.
    ///
    /// Counting and comparing are one atomic command, so parallel requests get no more than five
    /// guesses.
    ///
    /// # Errors
    /// [`NO_SUCH_CODE`] if no code was requested; [`WRONG_CODE`] if it is wrong or expired, was spent
    /// by another browser, or had too many attempts.
    pub async fn check(&self, email: &EmailAddress, hash: &str, is_requester: bool) -> Result<RightCode> {
        let now = Timestamp::now();
        let is_right = doc! { "$and": [
            { "$eq": ["$code.hash", hash] },
            { "$lt": ["$code.attempts", MAX_ATTEMPTS] },
            { "$gt": ["$code.expiresAt", now] },
        ] };
        // A user who has proved to own the address may request the next code at once.
        let update = vec![doc! { "$set": {
            "code.attempts": { "$add": ["$code.attempts", 1] },
            "sends": { "$cond": [is_right.clone(), 0, "$sends"] },
            "resendAt": { "$cond": [is_right, now, "$resendAt"] },
        } }];
        let filter = doc! { "_id": email, "code": { "$exists": true } };
        let before = self.0.find_one_and_update(filter, update).await?;
        let code = before.and_then(|before| before.code).ok_or(NO_SUCH_CODE)?;
        match code.hash == hash && code.attempts < MAX_ATTEMPTS && code.expires_at > now {
            true if !code.used => Ok(RightCode::Unspent),
            true if is_requester => Ok(RightCode::Spent(code.session)),
            _ => Err(WRONG_CODE),
        }
    }

    /// Spends a code, which works once: a code signs in only one browser. Remembers the session that
    /// it starts.
    ///
    /// # Errors
    /// [`WRONG_CODE`] if it was spent or replaced in the meantime.
    pub async fn spend(&self, email: &EmailAddress, hash: &str, session: Option<SessionId>) -> Result<()> {
        let unspent = doc! { "_id": email, "code.hash": hash, "code.used": false };
        let mut changes = doc! { "code.used": true };
        if let Some(session) = session {
            changes.insert("code.session", session);
        }
        let spent = self.0.update_one(unspent, doc! { "$set": changes }).await?;
        if spent.matched_count == 1 { Ok(()) } else { Err(WRONG_CODE) }
    }

    async fn too_many(&self, email: &EmailAddress) -> Result<Error> {
        let otp = self.0.find_one(doc! { "_id": email }).await?;
        let wait = otp.map_or(Duration::ZERO, |otp| otp.resend_at.since(Timestamp::now()));
        Ok(Error::TooMany { retry_after: Duration::from_secs(wait.as_secs() + 1) })
    }
}
