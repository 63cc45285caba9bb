//! The stack under test.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::LazyLock;
use std::{env, thread};

use mongodb::{Client, Database};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::browser::Browser;
use crate::output::Output;
use crate::program::Program;
use crate::users::unique;
use crate::workspace::{remove_leftovers, temporary_folder};

/// The origin of pages that may use the shared stack.
pub const ALLOWED_ORIGIN: &str = "https://chat.example.com";

/// The variables that point the tests at a deployed stack: the addresses of its two APIs, of a
/// server that lists its mail as the local stack does, and of its database, in which tests let time
/// pass and look up sockets.
const DEPLOYED: [&str; 4] = ["E2E_HTTP_API_URL", "E2E_WEBSOCKET_API_URL", "E2E_MAIL_URL", "E2E_DATABASE_URL"];

/// Returns whether to skip a test that starts its own stacks, because a deployed stack is under
/// test.
pub fn skip_on_deployed_stack() -> bool {
    let skip = is_deployed();
    if skip {
        // Not `println!`, whose output is hidden if the test passes.
        let name = thread::current().name().unwrap_or_default().to_owned();
        let _ = writeln!(io::stderr(), "{name} is skipped: it needs its own stack");
    }
    skip
}

fn is_deployed() -> bool {
    env::var_os(DEPLOYED[0]).is_some()
}

/// Returns the stack that all tests of this process share. It ends with the process, which closes
/// its standard input.
pub fn shared() -> &'static Stack {
    static SHARED: LazyLock<Stack> = LazyLock::new(|| {
        if is_deployed() {
            return Stack::deployed();
        }
        remove_leftovers();
        Setup::default().set("ALLOWED_ORIGINS", ALLOWED_ORIGIN).with_own_mongod().start()
    });
    &SHARED
}

/// The settings of a stack that is to be started.
#[derive(Default)]
pub struct Setup {
    variables: Vec<(&'static str, String)>,
    data: Option<PathBuf>,
    own_mongod: bool,
}

impl Setup {
    /// Sets an environment variable.
    pub fn set(mut self, name: &'static str, value: impl Display) -> Self {
        self.variables.push((name, value.to_string()));
        self
    }

    /// Lets the stack start its own mongod. By default, it uses a new database on the shared
    /// stack's.
    pub fn with_own_mongod(mut self) -> Self {
        self.own_mongod = true;
        self
    }

    /// Keeps the data in a folder that outlives the stack. The stack starts its own mongod.
    pub fn keeping_data_in(self, data: &Path) -> Self {
        Self { data: Some(data.to_owned()), ..self.with_own_mongod() }
    }

    /// Starts the stack and waits until it is ready.
    pub fn start(self) -> Stack {
        match self.launch() {
            Ok(stack) => stack,
            Err((status, output)) => panic!("the stack ended before it was ready ({status}):\n{output}"),
        }
    }

    /// Starts the stack and waits until it gives up. Returns its exit status and output.
    pub fn expect_failure(self) -> (ExitStatus, String) {
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

/// A running stack. It ends when the value is dropped.
pub struct Stack {
    /// The URL of the HTTP API.
    pub http: String,
    /// The URL of the WebSocket API's stage.
    pub websocket: String,
    /// The connection string of its database.
    pub database_url: String,
    /// The folder of its data.
    pub data: PathBuf,
    /// Its last output.
    pub output: Output,
    mail: String,
    smtp: String,
    /// `None` for a deployed stack.
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

    /// Returns the id of its process.
    pub fn pid(&self) -> u32 {
        self.program.as_ref().unwrap().child.id()
    }

    /// Connects to its database on the runtime of the calling test.
    pub async fn database(&self) -> Database {
        Client::with_uri_str(&self.database_url).await.unwrap().default_database().unwrap()
    }

    /// Returns the address of its mongod.
    pub fn mongod(&self) -> SocketAddr {
        address(&self.database_url)
    }

    /// Returns the address of its mail server.
    pub fn smtp(&self) -> SocketAddr {
        address(&self.smtp)
    }

    /// Returns the mails to an address, newest first.
    pub async fn mails_to(&self, email: &str) -> Vec<Value> {
        let url = reqwest::Url::parse_with_params(&self.mail, [("to", email)]).unwrap();
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    /// Returns the codes that were mailed to an address, newest first.
    pub async fn mailed_codes(&self, email: &str) -> Vec<String> {
        let mails = self.mails_to(email).await;
        let code = |mail: &Value| {
            let text = mail["text"].as_str().unwrap();
            let mut words = text.split(|char: char| !char.is_ascii_digit());
            words.find(|word| word.len() == 6).unwrap_or_else(|| panic!("no code in {text:?}")).to_owned()
        };
        mails.iter().map(code).collect()
    }

    /// Returns the code that was last mailed to an address.
    pub async fn mailed_code(&self, email: &str) -> String {
        self.mailed_codes(email).await.into_iter().next().unwrap_or_else(|| panic!("no mail to {email}"))
    }

    /// Invokes a function through Lambda's API and returns its result.
    pub async fn invoke(&self, function: &str, event: &Value) -> Value {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let body = event.to_string();
        let reply = Browser::new(self).request(Method::POST, &path, |request| request.body(body)).await;
        let text = String::from_utf8_lossy(&reply.body);
        assert_eq!((reply.status, reply.header("x-amz-function-error")), (200, ""), "{function}: {text}");
        serde_json::from_slice(&reply.body).unwrap()
    }

    /// Sends it a signal and waits for it to end.
    pub fn end_by(mut self, signal: Signal) -> ExitStatus {
        let program = self.program.as_mut().unwrap();
        kill_process(Pid::from_child(&program.child), signal).unwrap();
        program.wait().unwrap_or_else(|| panic!("the stack is still running after {signal:?}:\n{}", self.output))
    }

    /// Closes its standard input and waits for it to end.
    pub fn end(mut self) -> ExitStatus {
        let program = self.program.as_mut().unwrap();
        program.close_input();
        program.wait().unwrap_or_else(|| panic!("the stack is still running without standard input:\n{}", self.output))
    }
}

/// Returns the connection string of a new database on the server at `address`.
pub fn new_database_at(address: SocketAddr) -> String {
    format!("mongodb://{address}/{}?directConnection=true", unique("e2e"))
}

/// Returns the host and port of a URL with an IP address.
fn address(url: &str) -> SocketAddr {
    let authority = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next());
    authority.and_then(|authority| authority.parse().ok()).unwrap_or_else(|| panic!("no address in {url}"))
}
