//! Provides a real MongoDB with no manual setup: the one of `DATABASE_URL` if it is set, else a
//! `mongod` from the PATH, else one that is downloaded once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use gateway::ProcessGroup;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::ErrorKind;
use mongodb::options::{ClientOptions, ConnectionString, HostInfo, Tls};
use mongodb::{Client, Database};
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::mongod_download::{DownloadError, find_on_path, find_or_download};
use crate::settings::Settings;

/// How long a new server may take to answer for the first time; it may have to recover from a
/// crash.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a server that already runs may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a server may take to close its files.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The name of the replica set that the server is the only member of.
const REPLICA_SET: &str = "local";

/// MongoDB's error code for a server that belongs to no replica set yet.
const NOT_YET_INITIALIZED: i32 = 94;

/// The exit status of a server whose port is taken
/// (<https://www.mongodb.com/docs/manual/reference/exit-codes/>).
const PORT_TAKEN: i32 = 48;

/// The number of ports to try. Another program may take a free port before the server does.
const MAX_PORTS: usize = 5;

/// The pause between two attempts to reach a server that is starting.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

const HOW_TO_INSTALL: &str = "install MongoDB so that `mongod` is on the PATH \
                              (https://www.mongodb.com/docs/manual/installation/), \
                              or set DATABASE_URL to a running one";

/// The reason why there is no database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MongodError {
    #[error("the database of DATABASE_URL does not answer: {0}")]
    NoAnswer(Box<ErrorKind>),
    #[error("there is no MongoDB: {0}; {HOW_TO_INSTALL}")]
    NotFound(#[from] DownloadError),
    #[error("{} cannot be created: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    #[error("there is no free port: {0}")]
    NoPort(#[source] io::Error),
    #[error("port {0} is already in use: choose another one with LOCAL_DATABASE_PORT, or 0 for any")]
    PortTaken(u16),
    #[error("{} does not start: {source}; {HOW_TO_INSTALL}", binary.display())]
    Spawn { binary: PathBuf, source: io::Error },
    #[error("{} does not answer, see {}; {HOW_TO_INSTALL}", binary.display(), log.display())]
    NotReady { binary: PathBuf, log: PathBuf },
    #[error("{} does not start: {status}, see {}; {HOW_TO_INSTALL}", binary.display(), log.display())]
    Ended { binary: PathBuf, status: ExitStatus, log: PathBuf },
}

/// The database of this stack.
pub(crate) struct Mongod {
    /// Its connection string, with the name of the database.
    pub(crate) url: String,
    /// Its host and port exactly as they occur in `url`, if clients send all commands there, and in
    /// the clear.
    pub(crate) address: Option<String>,
    /// The server, if this stack has started it.
    server: Option<Child>,
}

impl Mongod {
    /// Connects to the database of the settings, or else starts one, and waits until it answers.
    ///
    /// # Errors
    /// Returns an error that names the problem, or what to install.
    pub(crate) async fn start_or_connect(settings: &Settings, processes: &ProcessGroup) -> Result<Self, MongodError> {
        if let Some(url) = settings.database_url.as_deref() {
            ping(url, ANSWER_TIMEOUT).await.map_err(|error| MongodError::NoAnswer(error.kind))?;
            return Ok(Self { url: url.to_owned(), address: direct_address(url), server: None });
        }
        let binary = match find_on_path("mongod") {
            Some(binary) => binary,
            None => find_or_download().await?,
        };
        Self::start(binary, settings, processes).await
    }

    async fn start(binary: PathBuf, settings: &Settings, processes: &ProcessGroup) -> Result<Self, MongodError> {
        let folder = settings.data.join("mongodb");
        if let Err(source) = fs::create_dir_all(&folder) {
            return Err(MongodError::Folder { folder, source });
        }
        let mut attempt = 1;
        loop {
            match Self::start_once(binary.clone(), &folder, settings, processes).await {
                Err(MongodError::Ended { status, .. }) if status.code() == Some(PORT_TAKEN) && attempt < MAX_PORTS => {
                    if settings.database_port != 0 {
                        return Err(MongodError::PortTaken(settings.database_port));
                    }
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn start_once(
        binary: PathBuf,
        folder: &Path,
        settings: &Settings,
        processes: &ProcessGroup,
    ) -> Result<Self, MongodError> {
        let port = match settings.database_port {
            0 => free_port().await.map_err(MongodError::NoPort)?,
            port => port,
        };
        let containers = settings.container_address.map(|address| format!(",{address}")).unwrap_or_default();
        let log = folder.join("mongod.log");
        let mut command = Command::new(&binary);
        command
            .args([
                "--bind_ip",
                &format!("127.0.0.1{containers}"),
                "--nounixsocket",
                "--quiet",
                "--wiredTigerCacheSizeGB",
                "0.25",
            ])
            .args(["--replSet", REPLICA_SET, "--oplogSize", "64"])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false", "--port", &port.to_string(), "--dbpath"])
            .arg(folder)
            .arg("--logpath")
            .arg(&log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(processes.id());
        let spawn_error = |source| MongodError::Spawn { binary: binary.clone(), source };
        let mut server = command.spawn().map_err(spawn_error)?;
        let address = format!("127.0.0.1:{port}");
        let url = format!("mongodb://{address}/chat?directConnection=true");
        let process = server.id().map(i64::from);
        tokio::select! {
            answer = tokio::time::timeout(START_TIMEOUT, become_primary(&url, &address, process)) => {
                if !matches!(answer, Ok(Ok(()))) {
                    return Err(MongodError::NotReady { binary, log });
                }
            }
            status = server.wait() => {
                let status = status.map_err(spawn_error)?;
                return Err(MongodError::Ended { binary, status, log });
            }
        }
        Ok(Self { url, address: Some(address), server: Some(server) })
    }

    /// Returns when the server ends by itself; never if this stack has not started it.
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
            // It may have ended by now. If it does not end at all, it is killed with its process
            // group.
            let _ = kill_process(pid, Signal::TERM);
            let _ = tokio::time::timeout(STOP_TIMEOUT, server.wait()).await;
        }
    }
}

/// Returns the only host and port in a connection string, if clients neither look for other members
/// of a replica set nor encrypt.
fn direct_address(url: &str) -> Option<String> {
    let parsed = ConnectionString::parse(url).ok()?;
    let HostInfo::HostIdentifiers(hosts) = parsed.host_info else { return None };
    let [host] = hosts.as_slice() else { return None };
    let is_encrypted = matches!(parsed.tls, Some(Tls::Enabled(_)));
    let address = host.to_string();
    (parsed.direct_connection == Some(true) && !is_encrypted && url.contains(&address)).then_some(address)
}

/// Makes the server at `address` the only member of a replica set, and waits until it is the primary.
/// `process` is the id of the server's process.
///
/// A server that starts may refuse or close connections, so each failure is followed by another
/// attempt.
async fn become_primary(url: &str, address: &str, process: Option<i64>) -> mongodb::error::Result<()> {
    let admin = admin(url, START_TIMEOUT).await?;
    while !configure(&admin, address, process).await.unwrap_or_default() {
        tokio::time::sleep(RETRY_PAUSE).await;
    }
    Ok(())
}

/// Configures the server at `address` unless it is the primary. Returns whether it is.
///
/// Every deployment is a replica set, and some features of MongoDB need one. The address differs at
/// each start, so the configuration of an earlier start is replaced.
async fn configure(admin: &Database, address: &str, process: Option<i64>) -> mongodb::error::Result<bool> {
    // If another server took the port, the own one is about to end.
    let status = admin.run_command(doc! { "serverStatus": 1, "repl": 0 }).await?;
    if status.get_i64("pid").ok() != process {
        return Ok(false);
    }
    let members = vec![doc! { "_id": 0, "host": address }];
    match admin.run_command(doc! { "replSetGetConfig": 1 }).await {
        Ok(reply) => {
            let mut config = reply.get_document("config").cloned().unwrap_or_default();
            if config.get_array("members").is_ok_and(|members| has_member(members, address)) {
                return Ok(is_primary(&admin.run_command(doc! { "hello": 1 }).await?));
            }
            config.insert("members", members);
            config.insert("version", config.get_i32("version").unwrap_or_default() + 1);
            admin.run_command(doc! { "replSetReconfig": config, "force": true }).await?;
        }
        Err(error) if matches!(&*error.kind, ErrorKind::Command(error) if error.code == NOT_YET_INITIALIZED) => {
            let config = doc! { "_id": REPLICA_SET, "members": members };
            admin.run_command(doc! { "replSetInitiate": config }).await?;
        }
        Err(error) => return Err(error),
    }
    Ok(false)
}

fn has_member(members: &[Bson], address: &str) -> bool {
    let mut hosts = members.iter().filter_map(|member| member.as_document()?.get_str("host").ok());
    hosts.any(|host| host == address)
}

fn is_primary(hello: &Document) -> bool {
    hello.get_bool("isWritablePrimary").unwrap_or_default()
}

/// Waits until the server answers, at most for `timeout`.
async fn ping(url: &str, timeout: Duration) -> mongodb::error::Result<()> {
    admin(url, timeout).await?.run_command(doc! { "ping": 1 }).await?;
    Ok(())
}

/// Returns the administrative database, for commands that wait at most for `timeout`.
async fn admin(url: &str, timeout: Duration) -> mongodb::error::Result<Database> {
    let mut options = ClientOptions::parse(url).await?;
    options.server_selection_timeout = Some(timeout);
    Ok(Client::with_options(options)?.database("admin"))
}

async fn free_port() -> io::Result<u16> {
    TcpListener::bind(("127.0.0.1", 0)).await?.local_addr().map(|address| address.port())
}
