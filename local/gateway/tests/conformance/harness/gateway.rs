//! The gateway under test.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::LazyLock;
use std::{env, fs};

use rustix::process::Signal;
use tempfile::TempDir;

use super::output::Output;
use super::program::{Program, gateway, remove_leftovers, temporary_folder};

/// Returns the gateway for `template.yaml` that all tests share. It ends with this process, which
/// closes its standard input.
pub(crate) fn shared() -> &'static Gateway {
    static SHARED: LazyLock<Gateway> = LazyLock::new(|| {
        remove_leftovers();
        Setup::shared().start()
    });
    &SHARED
}

/// Returns the gateway for `bare.yaml` that all tests share.
pub(crate) fn bare() -> &'static Gateway {
    static BARE: LazyLock<Gateway> = LazyLock::new(|| Setup::probe(&conformance("bare.yaml")).start());
    &BARE
}

/// Returns the folder of this package.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the path of a file in the folder of these tests.
pub(crate) fn conformance(file: &str) -> PathBuf {
    package().join("tests/conformance").join(file)
}

/// Returns the folder of the binary `probe`, which is built first if necessary.
pub(crate) fn probe() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_gateway")).parent().unwrap();
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["build", "--quiet", "--workspace", "--example", "probe"]).current_dir(package());
        if folder.ends_with("release") {
            command.arg("--release");
        }
        assert!(command.status().unwrap().success(), "probe failed to build");
        folder.join("examples")
    });
    &FOLDER
}

/// The settings of a gateway.
pub(crate) struct Setup {
    command: Command,
    port: String,
    folder: TempDir,
    events: PathBuf,
}

impl Setup {
    /// Uses the template at this path. Cargo builds its functions.
    pub(crate) fn build(template: &Path) -> Self {
        let folder = temporary_folder();
        let (mut command, events) = (gateway(), folder.path().join("events"));
        command.arg(template).arg("--variable").arg(format!("PROBE_FOLDER={}", events.display()));
        Self { command, port: "0".to_owned(), folder, events }
    }

    /// Uses the template at this path with `probe` for all functions.
    pub(crate) fn probe(template: &Path) -> Self {
        Self::build(template).option("--binaries", probe())
    }

    /// Uses this template with `probe` for all functions.
    pub(crate) fn text(folder: &TempDir, template: &str) -> Self {
        let path = folder.path().join("template.yaml");
        fs::write(&path, template).unwrap();
        Self::probe(&path)
    }

    /// Uses the template of the shared gateway.
    pub(crate) fn shared() -> Self {
        Self::probe(&conformance("template.yaml"))
    }

    /// Sets the folder in which `probe` records events, which then outlives the gateway.
    pub(crate) fn record_in(mut self, folder: &TempDir) -> Self {
        self.command.arg("--variable").arg(format!("PROBE_FOLDER={}", folder.path().display()));
        self
    }

    /// Sets an environment variable.
    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Adds an option with a value.
    pub(crate) fn option(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.arg(name).arg(value);
        self
    }

    /// Sets the port of the HTTP API. By default, both APIs use free ports.
    pub(crate) fn port(mut self, port: &str) -> Self {
        self.port = port.to_owned();
        self
    }

    /// Adds a flag.
    pub(crate) fn flag(mut self, name: &str) -> Self {
        self.command.arg(name);
        self
    }

    /// Starts the gateway and waits until it is ready.
    pub(crate) fn start(self) -> Gateway {
        match self.launch() {
            Ok(gateway) => gateway,
            Err((status, output)) => panic!("the gateway ended with {status} before it was ready:\n{output}"),
        }
    }

    /// Starts the gateway, waits until it gives up, and returns its exit status and output.
    pub(crate) fn expect_failure(self) -> (ExitStatus, String) {
        match self.launch() {
            Ok(_) => panic!("the gateway started"),
            Err(failure) => failure,
        }
    }

    fn launch(self) -> Result<Gateway, (ExitStatus, String)> {
        let Self { mut command, port, folder, events } = self;
        command.args(["--port", &port]);
        Program::start(command).map(|program| Gateway {
            http: program.announced("HttpApiUrl").unwrap(),
            websocket: program.announced("WebSocketApiUrl"),
            events,
            output: program.output.clone(),
            program,
            _folder: folder,
        })
    }
}

/// A running gateway. It ends when the value is dropped.
pub(crate) struct Gateway {
    /// The address of the HTTP API.
    pub(crate) http: String,
    /// The folder in which `probe` records socket events.
    pub(crate) events: PathBuf,
    /// Its last output.
    pub(crate) output: Output,
    websocket: Option<String>,
    program: Program,
    _folder: TempDir,
}

impl Gateway {
    /// Returns the address of the WebSocket API's stage.
    #[track_caller]
    pub(crate) fn websocket(&self) -> &str {
        self.websocket.as_deref().unwrap_or_else(|| panic!("there is no WebSocket API:\n{}", self.output))
    }

    /// Closes its standard input and waits for it to end.
    pub(crate) fn end(mut self) -> ExitStatus {
        self.program.close_input();
        self.wait()
    }

    /// Sends it a signal and waits for it to end.
    pub(crate) fn end_by(mut self, signal: Signal) -> ExitStatus {
        self.program.signal(signal);
        self.wait()
    }

    fn wait(&mut self) -> ExitStatus {
        self.program.wait().unwrap_or_else(|| panic!("the gateway did not end:\n{}", self.output))
    }

    /// Returns whether it announced a WebSocket API.
    pub(crate) fn has_websocket(&self) -> bool {
        self.websocket.is_some()
    }
}
