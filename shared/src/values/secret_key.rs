//! Keys for signing and hashing.

use std::str::FromStr;

/// A key for HMAC-SHA-256. It must be at least as long as the hash (RFC 7518, section 3.2).
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    const MIN_BYTES: usize = 32;

    /// Returns the key.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_at_least_32_bytes() {
        assert!("x".repeat(31).parse::<SecretKey>().is_err());
        assert!("x".repeat(32).parse::<SecretKey>().is_ok());
    }
}
