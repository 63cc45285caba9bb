//! The program under test, with functions that do what they are told.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::Duration;
use std::{env, fs, thread};

use tempfile::TempDir;

use super::output::Output;
use super::unique;
use super::wait::poll;

/// How long a stack may take to end.
const END: Duration = Duration::from_secs(30);

/// What could leak from the shell of whoever runs the tests into the stack, beside what begins with `LOCAL_`.
const VARIABLES: [&str; 14] = [
    "ACCESS_TOKEN_TTL",
    "ALLOWED_ORIGINS",
    "COOKIE_DOMAIN",
    "COOKIE_SAME_SITE",
    "COOKIE_SECURE",
    "DATABASE_URL",
    "EMAIL_FROM",
    "EMAIL_SERVICE_KEY",
    "EMAIL_SERVICE_URL",
    "EMAIL_SERVICE_USERNAME",
    "PUBLIC_DIRECTORY",
    "SECRET_KEY",
    "SECRET_KEY_ACCESS",
    "WEBSOCKET_URL",
];

/// The stack of `template.yaml` that all tests share. It ends with this process, when its standard input is closed.
pub(crate) fn shared() -> &'static Stack {
    static SHARED: LazyLock<Stack> = LazyLock::new(|| {
        remove_leftovers();
        Setup::of(&conformance("template.yaml")).with_own_mongod().start()
    });
    &SHARED
}

/// The stack of `bare.yaml` that all tests share.
pub(crate) fn bare() -> &'static Stack {
    static BARE: LazyLock<Stack> = LazyLock::new(|| Setup::of(&conformance("bare.yaml")).start());
    &BARE
}

/// The folder of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file beside these tests.
fn conformance(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(file)
}

/// A folder for one stack. That of a shared one outlives this process; the next run removes it.
pub(crate) fn temporary_folder() -> TempDir {
    let prefix = format!("conformance-{}-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn remove_leftovers() {
    for entry in fs::read_dir(env!("CARGO_TARGET_TMPDIR")).unwrap().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("conformance-")?.split_once('-'));
        if owner.is_some_and(|(pid, _)| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The folder of the binary `probe`. Cargo built it along with these tests, unless it was asked for nothing but them.
pub(crate) fn probe() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| build(&["--example", "probe"]).join("examples"));
    &FOLDER
}

/// The folder of the functions' binaries.
pub(crate) fn functions() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| build(&["--bins"]));
    &FOLDER
}

/// Builds these targets of the workspace, as these tests were built, and returns where they are.
fn build(targets: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_local")).parent().unwrap();
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--workspace"]).args(targets).current_dir(workspace());
    if folder.ends_with("release") {
        command.arg("--release");
    }
    assert!(command.status().unwrap().success(), "{targets:?} do not build");
    folder.to_owned()
}

/// How a stack is started.
pub(crate) struct Setup {
    variables: Vec<(&'static str, String)>,
    option: Option<&'static str>,
    own_mongod: bool,
}

impl Setup {
    /// With the template at this path, whose functions are all `probe`.
    pub(crate) fn of(template: &Path) -> Self {
        let setup = Self { variables: Vec::new(), option: None, own_mongod: false };
        setup.set("LOCAL_TEMPLATE", template.display()).set("LOCAL_BINARIES", probe().display())
    }

    /// With this template.
    pub(crate) fn of_text(folder: &TempDir, template: &str) -> Self {
        let path = folder.path().join("template.yaml");
        fs::write(&path, template).unwrap();
        Self::of(&path)
    }

    /// With the template that is deployed, and its functions.
    pub(crate) fn of_workspace() -> Self {
        let setup = Self { variables: Vec::new(), option: None, own_mongod: false };
        setup.set("LOCAL_BINARIES", functions().display())
    }

    /// The template of the shared stack.
    pub(crate) fn of_shared() -> Self {
        Self::of(&conformance("template.yaml"))
    }

    /// With an environment variable.
    pub(crate) fn set(mut self, name: &'static str, value: impl Display) -> Self {
        self.variables.push((name, value.to_string()));
        self
    }

    /// With an option on its command line.
    pub(crate) fn option(mut self, option: &'static str) -> Self {
        self.option = Some(option);
        self
    }

    /// With a mongod that the stack starts itself, not with a new database on that of the shared stack.
    fn with_own_mongod(mut self) -> Self {
        self.own_mongod = true;
        self
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

    fn launch(self) -> Result<Stack, (ExitStatus, String)> {
        let folder = temporary_folder();
        let events = folder.path().join("events");
        let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
        for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
            if name.starts_with("LOCAL_") || VARIABLES.contains(&name.as_str()) {
                command.env_remove(name);
            }
        }
        command.env("APP_PORT", "0").env("LOCAL_STOP_WITH_STDIN", "true");
        command.env("LOCAL_DATA_DIR", folder.path()).env("PROBE_FOLDER", &events);
        if !self.own_mongod {
            command.env("DATABASE_URL", new_database(&shared().database_url));
        }
        command
            .args(self.option)
            .envs(self.variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();

        let output = Output::default();
        let (announce, announced) = mpsc::channel();
        let stderr = output.drain(child.stderr.take().unwrap(), None);
        output.drain(child.stdout.take().unwrap(), Some(announce));
        let mut facts = HashMap::new();
        for line in announced {
            if line.starts_with("ready") {
                let fact = |name: &str| facts.get(name).cloned().unwrap_or_else(|| panic!("no {name}:\n{output}"));
                let (http, websocket, database_url) =
                    (fact("HttpApiUrl"), fact("WebSocketApiUrl"), fact("DatabaseUrl"));
                return Ok(Stack { http, websocket, database_url, events, output, child, _folder: folder });
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

/// The connection string of another database on the same server.
fn new_database(url: &str) -> String {
    let (server, rest) = url.rsplit_once('/').unwrap();
    let options = rest.split_once('?').map_or_else(String::new, |(_, options)| format!("?{options}"));
    format!("{server}/{}{options}", unique("conformance"))
}

/// A running stack; it ends when this is dropped.
pub(crate) struct Stack {
    /// The address of the HTTP API.
    pub(crate) http: String,
    /// The address of the WebSocket API's stage.
    pub(crate) websocket: String,
    /// Where `probe` keeps socket events.
    pub(crate) events: PathBuf,
    /// What it wrote last.
    pub(crate) output: Output,
    database_url: String,
    child: Child,
    _folder: TempDir,
}

impl Drop for Stack {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if poll(END, || self.child.try_wait().unwrap()).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if thread::panicking() {
            eprintln!("the stack wrote:\n{}", self.output);
        }
    }
}
