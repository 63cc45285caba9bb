//! The program under test.

use std::collections::HashMap;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::Duration;
use std::{env, fs, thread};

use mongodb::{Client, Database};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::output::Output;
use super::people::unique;
use super::wait::poll;

/// Where the page of the shared stack lives.
pub(crate) const ALLOWED_ORIGIN: &str = "https://chat.example.com";

/// How long a stack may take to end.
const END: Duration = Duration::from_secs(30);

/// What could leak from the shell of whoever runs the tests into the stack.
const VARIABLES: [&str; 22] = [
    "ACCESS_TOKEN_TTL",
    "ALLOWED_ORIGINS",
    "APP_PORT",
    "COOKIE_DOMAIN",
    "COOKIE_SAME_SITE",
    "COOKIE_SECURE",
    "DATABASE_URL",
    "EMAIL_FROM",
    "EMAIL_SERVICE_KEY",
    "EMAIL_SERVICE_URL",
    "EMAIL_SERVICE_USERNAME",
    "LOCAL_BINARIES",
    "LOCAL_DATA_DIR",
    "LOCAL_IDLE_SECONDS",
    "LOCAL_MAX_PROCESSES",
    "LOCAL_TEMPLATE",
    "LOCAL_TIME_SCALE",
    "PUBLIC_DIRECTORY",
    "SECRET_KEY",
    "SECRET_KEY_ACCESS",
    "WEBSOCKET_ENDPOINT",
    "WEBSOCKET_URL",
];

/// The variables that aim the tests at a deployed stack: the addresses of its two APIs, of something that serves the mails that it
/// sent as the local stack does, and of its database, in which tests let time pass and see who is in a room.
const DEPLOYED: [&str; 4] = ["E2E_HTTP_API_URL", "E2E_WEBSOCKET_API_URL", "E2E_MAIL_URL", "E2E_DATABASE_URL"];

/// Whether a test that starts stacks of its own is left out, because the tests are aimed at a deployed one.
pub(crate) fn left_out() -> bool {
    let aimed = deployed();
    if aimed {
        // Not with `println!`, which shows nothing of a test that passes.
        let name = thread::current().name().unwrap_or_default().to_owned();
        let _ = writeln!(io::stderr(), "{name} is left out: it needs a stack of its own");
    }
    aimed
}

fn deployed() -> bool {
    env::var_os(DEPLOYED[0]).is_some()
}

/// The stack that all tests of this process share. It ends with the process, when its standard input is closed.
pub(crate) fn shared() -> &'static Stack {
    static SHARED: LazyLock<Stack> = LazyLock::new(|| {
        if deployed() {
            return Stack::deployed();
        }
        remove_leftovers();
        Setup::default().set("ALLOWED_ORIGINS", ALLOWED_ORIGIN).with_own_mongod().start()
    });
    &SHARED
}

/// A folder for one stack. That of the shared one outlives this process; the next run removes it.
pub(crate) fn temporary_folder() -> TempDir {
    let prefix = format!("e2e-{}-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn remove_leftovers() {
    for entry in fs::read_dir(env!("CARGO_TARGET_TMPDIR")).unwrap().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("e2e-")?.split_once('-'));
        if owner.is_some_and(|(pid, _)| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// How a stack is started.
#[derive(Default)]
pub(crate) struct Setup {
    variables: Vec<(&'static str, String)>,
    data: Option<PathBuf>,
    own_mongod: bool,
}

impl Setup {
    /// With an environment variable.
    pub(crate) fn set(mut self, name: &'static str, value: impl Display) -> Self {
        self.variables.push((name, value.to_string()));
        self
    }

    /// With a mongod that the stack starts itself, not with a new database on that of the shared stack.
    pub(crate) fn with_own_mongod(mut self) -> Self {
        self.own_mongod = true;
        self
    }

    /// With its data in a folder that outlives it, and a mongod of its own.
    pub(crate) fn keeping(self, data: &Path) -> Self {
        Self { data: Some(data.to_owned()), ..self.with_own_mongod() }
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start(self) -> Stack {
        match self.launch() {
            Ok(stack) => stack,
            Err((status, output)) => panic!("the stack ended with {status} before it was ready:\n{output}"),
        }
    }

    /// Starts it and waits until it has given up; returns how, and what it said.
    pub(crate) fn start_in_vain(self) -> (ExitStatus, String) {
        match self.launch() {
            Ok(_) => panic!("the stack started"),
            Err(failure) => failure,
        }
    }

    fn launch(mut self) -> Result<Stack, (ExitStatus, String)> {
        if !self.own_mongod && !self.variables.iter().any(|(name, _)| *name == "DATABASE_URL") {
            self = self.set("DATABASE_URL", new_database_at(shared().mongod()));
        }
        let temporary = self.data.is_none().then(temporary_folder);
        let data = self.data.unwrap_or_else(|| temporary.as_ref().unwrap().path().to_owned());
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.env("APP_PORT", "0").env("LOCAL_DATA_DIR", &data).env("LOCAL_STOP_WITH_STDIN", "true");
        command.envs(self.variables).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();

        let output = Output::default();
        let (announce, announced) = mpsc::channel();
        let stderr = output.drain(child.stderr.take().unwrap(), None);
        output.drain(child.stdout.take().unwrap(), Some(announce));
        let mut facts = HashMap::new();
        for line in announced {
            if line.starts_with("ready") {
                return Ok(Stack::new(child, output, &facts, data, temporary));
            }
            if let Some((name, value)) = line.split_once(' ') {
                facts.insert(name.to_owned(), value.trim().to_owned());
            }
        }
        let status = child.wait().unwrap();
        stderr.join().unwrap();
        Err((status, output.to_string()))
    }
}

/// A running stack; it ends when this is dropped.
pub(crate) struct Stack {
    /// The address of the HTTP API.
    pub(crate) http: String,
    /// The address of the WebSocket API's stage.
    pub(crate) websocket: String,
    /// The connection string of its database.
    pub(crate) database_url: String,
    /// Where it keeps its data.
    pub(crate) data: PathBuf,
    /// What it wrote last.
    pub(crate) output: Output,
    mail: String,
    smtp: String,
    /// None for a deployed stack.
    child: Option<Child>,
    _temporary: Option<TempDir>,
}

impl Stack {
    fn new(
        child: Child,
        output: Output,
        facts: &HashMap<String, String>,
        data: PathBuf,
        temporary: Option<TempDir>,
    ) -> Self {
        let fact = |name: &str| facts.get(name).unwrap_or_else(|| panic!("no {name} is announced:\n{output}")).clone();
        Self {
            http: fact("HttpApiUrl"),
            websocket: fact("WebSocketApiUrl"),
            database_url: fact("DatabaseUrl"),
            mail: fact("MailUrl"),
            smtp: fact("SmtpUrl"),
            data,
            child: Some(child),
            _temporary: temporary,
            output,
        }
    }

    fn deployed() -> Self {
        let [http, websocket, mail, database_url] = DEPLOYED
            .map(|name| env::var(name).unwrap_or_else(|_| panic!("the tests need {name} for a deployed stack")));
        Self {
            http,
            websocket,
            database_url,
            mail,
            smtp: String::new(),
            data: PathBuf::new(),
            child: None,
            _temporary: None,
            output: Output::default(),
        }
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Its database, for the runtime of the calling test.
    pub(crate) async fn database(&self) -> Database {
        Client::with_uri_str(&self.database_url).await.unwrap().default_database().unwrap()
    }

    /// Where its mongod listens.
    pub(crate) fn mongod(&self) -> SocketAddr {
        address(&self.database_url)
    }

    /// Where its mail catcher listens.
    pub(crate) fn smtp(&self) -> SocketAddr {
        address(&self.smtp)
    }

    /// The mails to an address, newest first.
    pub(crate) async fn mails_to(&self, email: &str) -> Vec<Value> {
        let url = reqwest::Url::parse_with_params(&self.mail, [("to", email)]).unwrap();
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    /// The codes that were mailed to an address, newest first.
    pub(crate) async fn mailed_codes(&self, email: &str) -> Vec<String> {
        let mails = self.mails_to(email).await;
        let code = |mail: &Value| {
            let text = mail["text"].as_str().unwrap();
            let mut words = text.split(|char: char| !char.is_ascii_digit());
            words.find(|word| word.len() == 6).unwrap_or_else(|| panic!("no code in {text:?}")).to_owned()
        };
        mails.iter().map(code).collect()
    }

    /// The code that was mailed to an address last.
    pub(crate) async fn mailed_code(&self, email: &str) -> String {
        self.mailed_codes(email).await.into_iter().next().unwrap_or_else(|| panic!("no mail to {email}"))
    }

    /// Sends it a signal and waits for its end.
    pub(crate) fn end_by(mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(self.child.as_ref().unwrap()), signal).unwrap();
        self.wait().unwrap_or_else(|| panic!("the stack goes on after {signal:?}:\n{}", self.output))
    }

    /// Closes its standard input and waits for its end.
    pub(crate) fn end(mut self) -> ExitStatus {
        self.close_input();
        self.wait().unwrap_or_else(|| panic!("the stack goes on without a standard input:\n{}", self.output))
    }

    fn close_input(&mut self) {
        drop(self.child.as_mut().unwrap().stdin.take());
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        let child = self.child.as_mut().unwrap();
        poll(END, || child.try_wait().unwrap())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.close_input();
        if self.wait().is_none() {
            let child = self.child.as_mut().unwrap();
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            eprintln!("the stack wrote:\n{}", self.output);
        }
    }
}

/// The connection string of a database that nobody uses yet, on the server at `address`.
pub(crate) fn new_database_at(address: SocketAddr) -> String {
    format!("mongodb://{address}/{}?directConnection=true", unique("e2e"))
}

/// The host and port of a URL with an IP address.
fn address(url: &str) -> SocketAddr {
    let authority = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next());
    authority.and_then(|authority| authority.parse().ok()).unwrap_or_else(|| panic!("no address in {url}"))
}
