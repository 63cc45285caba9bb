//! The folder of uploaded photos.

use std::fs;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use shared::Error;
use shared::accounts::photos::Photo;
use shared::contract::limits::MAX_PHOTO_BYTES;

use crate::failure::Failure;

/// The old backend's folder of uploaded photos, if it is known.
pub(crate) struct Uploads(Option<PathBuf>);

impl Uploads {
    /// Opens the folder; fails if it is not a folder.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, Failure> {
        match folder {
            Some(folder) if !folder.is_dir() => {
                Err(Failure::new(format!("--uploads: {} is not a folder", folder.display())))
            }
            folder => Ok(Self(folder.map(Path::to_owned))),
        }
    }

    /// Reads the photo that a file name, a path or a URL refers to. Returns an error text if it
    /// cannot be copied.
    pub(crate) fn read(&self, reference: &str) -> Result<Photo, String> {
        let folder = self.0.as_deref().ok_or("its photo cannot be found without --uploads")?;
        let file = find(folder, reference).ok_or("its photo is not a file in the uploads folder")?;
        let unreadable = |error| format!("its photo cannot be read: {error}");
        // Check the size first, so that no large file is read into memory.
        let size = fs::metadata(&file).map_err(unreadable)?.len();
        if size > MAX_PHOTO_BYTES as u64 {
            return Err(format!("its photo has {size} bytes, more than {MAX_PHOTO_BYTES}"));
        }
        let bytes = fs::read(&file).map_err(unreadable)?;
        Photo::from_bytes(bytes).map_err(|error| match error {
            Error::UnsupportedMedia(_) => "its photo is not a JPEG, PNG or WebP image".to_owned(),
            error => format!("its photo cannot be copied: {error}"),
        })
    }
}

/// Finds the file in the folder that the last part of a reference names, literally or
/// percent-encoded.
fn find(folder: &Path, reference: &str) -> Option<PathBuf> {
    let last = |text: &str| text.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let path = reference.split(['?', '#']).next().unwrap_or_default();
    let decoded = percent_decode_str(&last(path)).decode_utf8_lossy().into_owned();
    [last(reference), last(&decoded)].iter().map(|name| folder.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_found_by_name_path_or_url_and_only_in_its_folder() {
        let root = tempfile::tempdir().unwrap();
        let uploads = root.path().join("uploads");
        fs::create_dir(&uploads).unwrap();
        fs::write(root.path().join("secret.jpg"), "").unwrap();
        for name in ["me.jpg", "Ada King.png", "100%.jpg"] {
            fs::write(uploads.join(name), "").unwrap();
        }
        for (reference, name) in [
            ("me.jpg", "me.jpg"),
            ("uploads/me.jpg", "me.jpg"),
            (r"uploads\me.jpg", "me.jpg"),
            ("http://localhost:4000/uploads/me.jpg?v=2", "me.jpg"),
            ("http://localhost:4000/uploads/Ada%20King.png", "Ada King.png"),
            ("uploads/Ada King.png", "Ada King.png"),
            ("100%.jpg", "100%.jpg"),
        ] {
            assert_eq!(find(&uploads, reference), Some(uploads.join(name)), "{reference}");
        }
        for reference in ["", "/", ".", "..", "../secret.jpg", "..%2Fsecret.jpg", "you.jpg"] {
            assert_eq!(find(&uploads, reference), None, "{reference}");
        }
    }
}
