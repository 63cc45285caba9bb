//! One-time codes: what is mailed to prove that somebody owns an address.
//!
//! A code lives three minutes and bears five tries. How often an address is sent one is remembered
//! beyond that, so that asking again neither floods a mailbox nor buys more guesses.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::{hmac, rand};
use mongodb::bson::doc;
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};

use crate::config::ConfigError;
use crate::database::{expiring, is_duplicate};
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::timestamp::Timestamp;
use crate::tokens::SecretKey;

/// How long a code is good for.
pub const CODE_LIFETIME: Duration = Duration::from_secs(3 * 60);

/// How many tries a code bears.
const MAX_ATTEMPTS: i64 = 5;

/// So many codes can be asked for at once. Each further one has to wait, from [`FIRST_WAIT`] on twice as long
/// as the one before, up to [`LONGEST_WAIT`]: somebody who guesses gets some 500 tries of a million a day.
const FREE_SENDS: i64 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// Without a further request an address has a clean slate after this time.
const MEMORY: Duration = Duration::from_secs(60 * 60);

/// A code: six digits.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct Code(String);

impl Code {
    /// A code that nobody can foresee.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> Result<Self> {
        // 2^64 is so much larger than the number of codes that the remainder is as good as uniform.
        let mut bytes = [0; 8];
        rand::fill(&mut bytes).map_err(|_| Error::Internal("no randomness".into()))?;
        Ok(Self(format!("{:06}", u64::from_le_bytes(bytes) % 1_000_000)))
    }
}

impl TryFrom<String> for Code {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { Ok(Self(text)) } else { Err("must be a code of 6 digits") }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "description": "A one-time code.", "type": "string", "pattern": "^[0-9]{6}$" })
    }
}

/// Turns codes into what is stored of them: without the key, the database does not tell a code.
pub struct CodeHasher(hmac::Key);

impl CodeHasher {
    /// Hashes with `SECRET_KEY`.
    ///
    /// # Errors
    /// When the variable is missing or too short.
    pub fn from_env() -> Result<Self, ConfigError> {
        let secret = SecretKey::refresh_from_env()?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret.bytes())))
    }

    /// The HMAC-SHA-256 of a code that was sent to `email`, in hex. The first word keeps it apart from tokens signed with the same key.
    pub fn hash(&self, email: &EmailAddress, code: &Code) -> String {
        let tag = hmac::sign(&self.0, format!("otp\n{email}\n{code}").as_bytes());
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What is known of an address that asked for a code.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Otp {
    #[serde(rename = "_id")]
    email: EmailAddress,
    /// Absent when it was deleted.
    code: Option<SentCode>,
    /// Codes sent within the last hour.
    sends: i64,
    /// When the next one may be sent.
    resend_at: Timestamp,
    /// When all of this is forgotten.
    expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentCode {
    hash: String,
    attempts: i64,
    used: bool,
    expires_at: Timestamp,
}

/// The collection of one-time codes.
pub struct Otps(Collection<Otp>);

pub(crate) fn indexes() -> Vec<IndexModel> {
    vec![expiring()]
}

impl Otps {
    /// The one-time codes of `database`.
    pub fn new(database: &Database) -> Self {
        Self(database.collection("otps"))
    }

    /// Makes the code with this hash the one that `email` can sign in with.
    ///
    /// # Errors
    /// [`Error::TooMany`] when the address was sent too many codes already.
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
        // An address that has to wait does not match, and inserting it a second time is refused by its `_id`.
        let stored = self.0.update_one(doc! { "_id": email, "resendAt": { "$lte": now } }, update).upsert(true).await;
        match stored {
            Ok(_) => Ok(()),
            Err(error) if is_duplicate(&error) => Err(self.too_many(email).await?),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes back a code that could not be mailed: it counts as never asked for. One that was sent since stays.
    pub async fn withdraw(&self, email: &EmailAddress, hash: &str) -> Result<()> {
        let update =
            doc! { "$unset": { "code": 1 }, "$inc": { "sends": -1 }, "$set": { "resendAt": Timestamp::now() } };
        self.0.update_one(doc! { "_id": email, "code.hash": hash }, update).await?;
        Ok(())
    }

    /// Makes the code of `email` useless, if there is one.
    pub async fn delete(&self, email: &EmailAddress) -> Result<()> {
        self.0.update_one(doc! { "_id": email }, doc! { "$unset": { "code": 1 } }).await?;
        Ok(())
    }

    /// Uses up the code of `email`, or one of its tries when the hash is not that of the code.
    ///
    /// Counting, comparing and using up are one atomic command: no number of parallel tries gets more than
    /// five guesses, and no code signs two browsers in.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no code was asked for; [`Error::Unauthorized`] when it is wrong, used,
    /// expired, or had too many tries.
    pub async fn verify(&self, email: &EmailAddress, hash: &str) -> Result<()> {
        let now = Timestamp::now();
        let right = doc! { "$and": [
            { "$eq": ["$code.hash", hash] },
            { "$lt": ["$code.attempts", MAX_ATTEMPTS] },
            { "$gt": ["$code.expiresAt", now] },
        ] };
        // Whoever proved to own the address may ask for the next code at once.
        let update = vec![doc! { "$set": {
            "code.used": { "$or": ["$code.used", right.clone()] },
            "code.attempts": { "$add": ["$code.attempts", 1] },
            "sends": { "$cond": [right.clone(), 0, "$sends"] },
            "resendAt": { "$cond": [right, now, "$resendAt"] },
        } }];
        let filter = doc! { "_id": email, "code": { "$exists": true } };
        let Some(code) = self.0.find_one_and_update(filter, update).await?.and_then(|before| before.code) else {
            return Err(Error::NotFound("no code was asked for with this e-mail address".into()));
        };
        let good = code.hash == hash && !code.used && code.attempts < MAX_ATTEMPTS && code.expires_at > now;
        if good { Ok(()) } else { Err(Error::Unauthorized("the code is wrong or no longer valid")) }
    }

    async fn too_many(&self, email: &EmailAddress) -> Result<Error> {
        let otp = self.0.find_one(doc! { "_id": email }).await?;
        let wait = otp.map_or(Duration::ZERO, |otp| otp.resend_at.since(Timestamp::now()));
        Ok(Error::TooMany { retry_after: Duration::from_secs(wait.as_secs() + 1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits() {
        assert!(Code::try_from(Code::random().unwrap().to_string()).is_ok());
        for wrong in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert!(Code::try_from(wrong.to_owned()).is_err(), "{wrong:?} is no code");
        }
    }
}
