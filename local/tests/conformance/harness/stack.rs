//! The program under test, with functions that do what they are told.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::LazyLock;
use std::{env, fs};

use tempfile::TempDir;

use super::output::Output;
use super::program::{Program, remove_leftovers, temporary_folder};
use super::unique;

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

/// The folder of the binary `probe`. Cargo built it along with these tests, unless it was asked for nothing but them.
pub(crate) fn probe() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| build(&["--example", "probe"]).join("examples"));
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
        let mut command = Program::command(folder.path());
        command.env("PROBE_FOLDER", &events);
        if !self.own_mongod {
            command.env("DATABASE_URL", new_database(&shared().database_url));
        }
        command.args(self.option).envs(self.variables);
        Program::start(command).map(|program| Stack {
            http: program.fact("HttpApiUrl"),
            websocket: program.fact("WebSocketApiUrl"),
            database_url: program.fact("DatabaseUrl"),
            events,
            output: program.output.clone(),
            _program: program,
            _folder: folder,
        })
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
    _program: Program,
    _folder: TempDir,
}
