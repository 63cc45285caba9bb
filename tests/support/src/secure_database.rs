//! A database as it is deployed: three servers, TLS, and a login.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use tempfile::TempDir;

use crate::{Proxy, temporary_folder, unique, workspace};

/// The time that the servers may take to become ready.
const START: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(50);

/// The name of the replica set.
const SET: &str = "secure";

/// The user, with this password.
const USER: &str = "chat";
const PASSWORD: &str = "a-password-for-tests";

/// A replica set of three servers with TLS and SCRAM-SHA-256. It ends when the value is dropped.
pub struct SecureDatabase {
    /// The proxies through which clients and servers reach each server.
    pub proxies: Vec<Proxy>,
    /// The addresses of the servers. The first one is the primary.
    servers: Vec<SocketAddr>,
    processes: Vec<Child>,
    folder: TempDir,
}

impl SecureDatabase {
    /// Starts the servers and waits until there is a primary.
    pub async fn start() -> Self {
        let folder = temporary_folder();
        create_certificate(folder.path());
        let mut key =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.path().join("key")).unwrap();
        key.write_all("secret".repeat(10).as_bytes()).unwrap();
        let listeners: Vec<_> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let servers: Vec<_> = listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        drop(listeners);
        let processes = servers.iter().map(|server| start(*server, folder.path())).collect();
        let proxies = servers.iter().map(|server| Proxy::start_before(*server)).collect();
        let database = Self { proxies, servers, processes, folder };
        database.become_set().await;
        database
    }

    /// Returns the connection string of a new database on these servers.
    pub fn new_url(&self) -> String {
        let servers: Vec<_> = self.proxies.iter().map(|proxy| proxy.address.to_string()).collect();
        let (servers, name, tls) = (servers.join(","), unique("secure"), self.tls());
        let login = "authSource=admin&authMechanism=SCRAM-SHA-256";
        format!("mongodb://{USER}:{PASSWORD}@{servers}/{name}?replicaSet={SET}&{login}&{tls}")
    }

    /// Returns the number of connections to each server that have this application's name.
    pub async fn connections_of(&self, application: &str) -> Vec<usize> {
        let mut counts = Vec::new();
        for server in &self.servers {
            let login = format!("mongodb://{USER}:{PASSWORD}@{server}/admin?directConnection=true&{}", self.tls());
            let admin = Client::with_uri_str(login).await.unwrap().database("admin");
            let pipeline = [
                doc! { "$currentOp": { "allUsers": true, "idleConnections": true } },
                doc! { "$match": { "appName": application, "connectionId": { "$exists": true } } },
            ];
            let mut found = admin.aggregate(pipeline).await.unwrap();
            let mut count = 0;
            while found.advance().await.unwrap() {
                count += 1;
            }
            counts.push(count);
        }
        counts
    }

    fn tls(&self) -> String {
        format!("tls=true&tlsCAFile={}", self.folder.path().join("ca.pem").display())
    }

    /// Makes the servers one replica set, whose primary is the first, and creates the user.
    async fn become_set(&self) {
        let url = format!("mongodb://{}/admin?directConnection=true&{}", self.servers[0], self.tls());
        let admin = Client::with_uri_str(url).await.unwrap().database("admin");
        let members = self.proxies.iter().enumerate().map(|(number, proxy)| {
            let number = i32::try_from(number).unwrap();
            doc! { "_id": number, "host": proxy.address.to_string(), "priority": i32::from(number == 0) }
        });
        let config = doc! { "_id": SET, "members": members.collect::<Vec<_>>() };
        until_done(&admin, doc! { "replSetInitiate": config }).await;
        // Without a user, a server trusts its own machine.
        until_done(&admin, doc! { "createUser": USER, "pwd": PASSWORD, "roles": ["root"] }).await;
    }
}

impl Drop for SecureDatabase {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Sends a command until it succeeds: servers that start refuse it.
async fn until_done(admin: &Database, command: Document) {
    let since = Instant::now();
    while let Err(error) = admin.run_command(command.clone()).await {
        assert!(since.elapsed() < START, "{error}");
        tokio::time::sleep(PAUSE).await;
    }
}

fn start(server: SocketAddr, folder: &Path) -> Child {
    let data = folder.join(server.port().to_string());
    fs::create_dir(&data).unwrap();
    let port = server.port().to_string();
    let mut command = Command::new(mongod());
    command.args(["--replSet", SET, "--bind_ip", "127.0.0.1", "--port", &port, "--wiredTigerCacheSizeGB", "0.25"]);
    command.args(["--tlsMode", "requireTLS", "--tlsAllowConnectionsWithoutCertificates"]);
    for (option, file) in [("--tlsCertificateKeyFile", "server.pem"), ("--tlsCAFile", "ca.pem"), ("--keyFile", "key")] {
        command.arg(option).arg(folder.join(file));
    }
    command.arg("--dbpath").arg(&data).arg("--logpath").arg(data.join("log"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Creates `ca.pem`, an authority, and `server.pem`, a certificate for 127.0.0.1 with its key.
fn create_certificate(folder: &Path) {
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n").unwrap();
    for arguments in [
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
        "x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out server.crt",
    ] {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        let output = output.unwrap_or_else(|error| panic!("the certificates need openssl: {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let [certificate, key] = ["server.crt", "server.key"].map(|file| fs::read(folder.join(file)).unwrap());
    fs::write(folder.join("server.pem"), [certificate, key].concat()).unwrap();
}

/// Returns the server that the stack has downloaded, or the one on the PATH.
fn mongod() -> PathBuf {
    let downloads = fs::read_dir(workspace().join("target/local")).into_iter().flatten().flatten();
    let mut downloaded = downloads.map(|folder| folder.path().join("mongod")).filter(|path| path.is_file());
    downloaded.next().unwrap_or_else(|| "mongod".into())
}
