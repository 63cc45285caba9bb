//! The program under test.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::LazyLock;
use std::{env, thread};

use mongodb::{Client, Database};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::output::Output;
use super::people::unique;
use super::program::{Program, remove_leftovers, temporary_folder};

/// Where the page of the shared stack lives.
pub(crate) const ALLOWED_ORIGIN: &str = "https://chat.example.com";

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
        let mut command = Program::command(&data);
        command.envs(self.variables);
        Program::start(command).map(|program| Stack::new(program, data, temporary))
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
    program: Option<Program>,
    _temporary: Option<TempDir>,
}

impl Stack {
    fn new(program: Program, data: PathBuf, temporary: Option<TempDir>) -> Self {
        Self {
            http: program.fact("HttpApiUrl"),
            websocket: program.fact("WebSocketApiUrl"),
            database_url: program.fact("DatabaseUrl"),
            mail: program.fact("MailUrl"),
            smtp: program.fact("SmtpUrl"),
            data,
            output: program.output.clone(),
            program: Some(program),
            _temporary: temporary,
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
            program: None,
            _temporary: None,
            output: Output::default(),
        }
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.program.as_ref().unwrap().child.id()
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
        let program = self.program.as_mut().unwrap();
        kill_process(Pid::from_child(&program.child), signal).unwrap();
        program.wait().unwrap_or_else(|| panic!("the stack goes on after {signal:?}:\n{}", self.output))
    }

    /// Closes its standard input and waits for its end.
    pub(crate) fn end(mut self) -> ExitStatus {
        let program = self.program.as_mut().unwrap();
        program.close_input();
        program.wait().unwrap_or_else(|| panic!("the stack goes on without a standard input:\n{}", self.output))
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
