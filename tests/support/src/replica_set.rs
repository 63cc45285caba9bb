//! A replica set of three servers, each of which can be killed, frozen and cut off.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gateway::ProcessGroup;
use mongodb::bson::{Document, doc};
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::processes::{mongod_of, send};
use crate::users::unique;
use crate::workspace::temporary_folder;
use crate::{Proxy, shared};

/// The name of the replica set.
const NAME: &str = "faults";

/// The number of members.
const MEMBERS: usize = 3;

/// The time without a primary after which the others elect one. The default is five times as long.
const ELECTION: Duration = Duration::from_secs(2);

/// The time that a change of the primary may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The time that a server may take to answer a question about its state.
const ANSWER: Duration = Duration::from_secs(1);

const INTERVAL: Duration = Duration::from_millis(50);

/// A running replica set. Its servers end when the value is dropped, or when this process ends.
///
/// Members and clients reach a member through a proxy, whose address is the member's address in the
/// configuration. The proxy knows which member has opened a connection, so members can be cut off from
/// each other while clients still reach them.
pub struct ReplicaSet {
    members: Vec<Member>,
    mongod: PathBuf,
    group: ProcessGroup,
    folder: TempDir,
}

struct Member {
    proxy: Proxy,
    port: u16,
    child: Option<Child>,
    is_frozen: bool,
    /// Sends commands to this member only, and past its proxy.
    admin: Database,
}

impl ReplicaSet {
    /// Starts the servers and waits until one of them is the primary and the others follow it.
    pub async fn start() -> Self {
        let mongod = mongod_of(shared());
        let mut members = Vec::new();
        for _ in 0..MEMBERS {
            members.push(Member::new().await);
        }
        let (group, folder) = (ProcessGroup::start().unwrap(), temporary_folder());
        let mut set = Self { members, mongod, group, folder };
        for member in 0..MEMBERS {
            set.spawn(member);
        }
        for member in &set.members {
            member.wait_for(|_| true).await;
        }
        let address =
            |(id, member): (usize, &Member)| doc! { "_id": id as i32, "host": member.proxy.address.to_string() };
        let config = doc! {
            "_id": NAME,
            "members": set.members.iter().enumerate().map(address).collect::<Vec<_>>(),
            "settings": { "electionTimeoutMillis": ELECTION.as_millis() as i64, "heartbeatIntervalMillis": 500 },
        };
        set.members[0].admin.run_command(doc! { "replSetInitiate": config }).await.unwrap();
        set.heal().await;
        set
    }

    /// Returns the connection string of a new database.
    pub fn new_database(&self) -> String {
        let addresses: Vec<_> = self.members.iter().map(|member| member.proxy.address.to_string()).collect();
        format!("mongodb://{}/{}?replicaSet={NAME}", addresses.join(","), unique("faults"))
    }

    /// Kills a server.
    pub fn kill(&mut self, member: usize) {
        if let Some(mut child) = self.members[member].child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Kills all servers.
    pub fn kill_all(&mut self) {
        (0..MEMBERS).for_each(|member| self.kill(member));
    }

    /// Freezes a server: it keeps its connections and answers nothing.
    pub fn freeze(&mut self, member: usize) {
        self.signal(member, Signal::STOP);
    }

    /// Cuts a server off from the others. Clients still reach all of them.
    pub fn isolate(&self, member: usize) {
        for other in (0..MEMBERS).filter(|other| *other != member) {
            let (one, other) = (&self.members[member], &self.members[other]);
            one.proxy.cut(other.port.into());
            other.proxy.cut(one.port.into());
        }
    }

    /// Makes the primary step down.
    pub async fn step_down(&self) {
        let primary = self.primary().await;
        // The server may close the connection instead of answering.
        let _ = self.members[primary].admin.run_command(doc! { "replSetStepDown": 10, "force": true }).await;
    }

    /// Waits for a primary and returns it.
    pub async fn primary(&self) -> usize {
        self.primary_but(None).await
    }

    /// Waits for a primary other than this server, and returns it.
    pub async fn primary_other_than(&self, member: usize) -> usize {
        self.primary_but(Some(member)).await
    }

    /// Ends all faults, and waits until there is a primary that the others follow.
    pub async fn heal(&mut self) {
        self.recover();
        for member in &self.members {
            let is_settled = |hello: &Document| is(hello, "isWritablePrimary") || is(hello, "secondary");
            member.wait_for(is_settled).await;
        }
        self.primary().await;
    }

    /// Starts dead servers, resumes frozen ones and joins the network again, without waiting.
    pub fn recover(&mut self) {
        for member in 0..MEMBERS {
            self.members[member].proxy.mend();
            if self.members[member].is_frozen {
                self.signal(member, Signal::CONT);
            }
            if self.members[member].child.is_none() {
                self.spawn(member);
            }
        }
    }

    async fn primary_but(&self, excluded: Option<usize>) -> usize {
        let start = Instant::now();
        loop {
            for (number, member) in self.members.iter().enumerate() {
                if Some(number) != excluded && member.hello().await.is_some_and(|hello| is(&hello, "isWritablePrimary"))
                {
                    return number;
                }
            }
            assert!(start.elapsed() < PATIENCE, "the replica set has no primary");
            tokio::time::sleep(INTERVAL).await;
        }
    }

    fn signal(&mut self, member: usize, signal: Signal) {
        let member = &mut self.members[member];
        member.is_frozen = signal == Signal::STOP;
        if let Some(child) = &member.child {
            send(child.id(), signal);
        }
    }

    fn spawn(&mut self, member: usize) {
        let folder = self.folder.path().join(member.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new(&self.mongod);
        command
            .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet", "--wiredTigerCacheSizeGB", "0.25"])
            .args(["--replSet", NAME, "--oplogSize", "64", "--setParameter", "diagnosticDataCollectionEnabled=false"])
            .args(["--setParameter", "enableTestCommands=true"])
            .args(["--port", &self.members[member].port.to_string(), "--dbpath"])
            .arg(&folder)
            .arg("--logpath")
            .arg(folder.join("mongod.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(self.group.id());
        let child = command.spawn().unwrap();
        self.members[member].child = Some(child);
    }
}

impl Member {
    async fn new() -> Self {
        // The port stays the same when the server is started again.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let proxy = Proxy::start_sorting(|connection| port_of_member(connection).map(usize::from));
        proxy.stand_before(SocketAddr::from(([127, 0, 0, 1], port)));
        let mut options =
            ClientOptions::parse(format!("mongodb://127.0.0.1:{port}/?directConnection=true")).await.unwrap();
        options.server_selection_timeout = Some(ANSWER);
        options.connect_timeout = Some(ANSWER);
        let admin = Client::with_options(options).unwrap().database("admin");
        Self { proxy, port, child: None, is_frozen: false, admin }
    }

    /// Asks the server for its state. Returns `None` if it does not answer.
    async fn hello(&self) -> Option<Document> {
        if self.is_frozen || self.child.is_none() {
            return None;
        }
        let answer = tokio::time::timeout(ANSWER, self.admin.run_command(doc! { "hello": 1 })).await;
        answer.ok()?.ok()
    }

    async fn wait_for(&self, state: impl Fn(&Document) -> bool) {
        let start = Instant::now();
        while !self.hello().await.is_some_and(|hello| state(&hello)) {
            assert!(start.elapsed() < PATIENCE, "the member on port {} has not reached the state", self.port);
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

/// Returns the port of the server that opened a connection, or `None` if it is a client.
///
/// The first message of a server names its host and port in `hostInfo`, if test commands are enabled.
/// MongoDB's own proxy for tests, mongobridge, tells connections apart in the same way.
fn port_of_member(connection: &TcpStream) -> Option<u16> {
    const FIELD: &[u8] = b"hostInfo\0";
    let mut message = [0; 4096];
    let length = connection.peek(&mut message).ok()?;
    let start = message[..length].windows(FIELD.len()).position(|bytes| bytes == FIELD)?;
    // The text follows its length, which has four bytes.
    let text = message[start + FIELD.len() + 4..length].split(|byte| *byte == 0).next()?;
    std::str::from_utf8(text).ok()?.rsplit(':').next()?.parse().ok()
}

fn is(hello: &Document, field: &str) -> bool {
    hello.get_bool(field).unwrap_or_default()
}
