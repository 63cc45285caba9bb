//! The keys with which functions sign and hash.

use std::fs;
use std::io;
use std::path::Path;

/// The minimum length of a key that functions accept.
const MIN_BYTES: usize = 32;

/// Returns the key with this name. The first start creates it in `folder`, so that sessions survive
/// a restart.
pub(crate) fn find_or_create(folder: &Path, name: &str) -> io::Result<String> {
    let file = folder.join(name);
    if let Ok(secret) = fs::read_to_string(&file) {
        return Ok(secret);
    }
    let secret = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    fs::create_dir_all(folder)?;
    fs::write(&file, &secret)?;
    Ok(secret)
}

/// Returns whether functions would refuse this value as a key. Other programs keep shorter secrets
/// in variables of the same names; the stack replaces those with its own keys.
pub(crate) fn is_too_short(name: &str, value: &str) -> bool {
    name.starts_with("SECRET_KEY") && value.len() < MIN_BYTES
}
