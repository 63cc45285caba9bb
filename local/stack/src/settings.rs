//! The local stack's own settings: `--watch`, and the rest from the environment.

use std::env;
use std::fmt::Display;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

const MAX_PROCESSES: NonZero<usize> = NonZero::new(8).unwrap();

/// The one option.
const WATCH: &str = "--watch";

/// How this stack runs.
pub(crate) struct Settings {
    /// `APP_PORT`: the HTTP API's port; the WebSocket API has the next one. 0 picks two free ones. 3000 by default.
    pub(crate) port: u16,
    /// `DATABASE_URL`: a MongoDB to use instead of starting one.
    pub(crate) database_url: Option<String>,
    /// `LOCAL_DATA_DIR`: where the database and the secrets live. `target/local/PORT` by default, so that stacks on different ports do not meet.
    pub(crate) data: PathBuf,
    /// `LOCAL_TEMPLATE`: the template to run. The workspace's own by default.
    pub(crate) template: PathBuf,
    /// `LOCAL_BINARIES`: a folder of binaries that are built already. By default the workspace is built, as this program was.
    pub(crate) binaries: Option<PathBuf>,
    /// `LOCAL_MAX_PROCESSES`: so many processes a function may have; further invocations wait. 8 by default.
    pub(crate) max_processes: usize,
    /// `LOCAL_IDLE_SECONDS`: a process without work ends after so long. 60 by default.
    pub(crate) idle: Duration,
    /// `LOCAL_TIME_SCALE`: sockets reach the ends of their ten minutes and two hours so many times sooner. 1 by default.
    pub(crate) time_scale: u32,
    /// `LOCAL_STOP_WITH_STDIN`: `true` ends the stack when its standard input is closed, for programs that start it.
    pub(crate) stop_with_stdin: bool,
    /// `--watch`: functions are built anew when their sources change.
    pub(crate) watch: bool,
}

impl Settings {
    /// Reads them from the arguments and the environment.
    ///
    /// # Errors
    /// One line that names the argument or the variable that cannot be used.
    pub(crate) fn read(arguments: &[String]) -> Result<Self, String> {
        if let Some(unknown) = arguments.iter().find(|argument| *argument != WATCH) {
            return Err(format!("{unknown} is no option: there is only {WATCH}"));
        }
        let port = number("APP_PORT", 3000)?;
        let path = |name: &str| env::var_os(name).map(PathBuf::from);
        let data = path("LOCAL_DATA_DIR");
        Ok(Self {
            port,
            database_url: env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()),
            data: data.unwrap_or_else(|| target_directory().join("local").join(port.to_string())),
            template: path("LOCAL_TEMPLATE").unwrap_or_else(|| workspace().join("template.yaml")),
            binaries: path("LOCAL_BINARIES"),
            max_processes: number("LOCAL_MAX_PROCESSES", MAX_PROCESSES)?.get(),
            idle: Duration::from_secs(number("LOCAL_IDLE_SECONDS", 60)?),
            time_scale: number("LOCAL_TIME_SCALE", NonZero::<u32>::MIN)?.get(),
            stop_with_stdin: env::var("LOCAL_STOP_WITH_STDIN").is_ok_and(|value| value == "true"),
            watch: !arguments.is_empty(),
        })
    }
}

fn number<T: FromStr<Err: Display>>(name: &str, default: T) -> Result<T, String> {
    match env::var(name) {
        Ok(text) if !text.is_empty() => text.parse().map_err(|error| format!("{name} cannot be used: {error}")),
        _ => Ok(default),
    }
}

/// The folder of the workspace that this program was built from.
pub(crate) fn workspace() -> &'static Path {
    let local = Path::new(env!("CARGO_MANIFEST_DIR"));
    local.parent().unwrap_or(local)
}

/// Where the binaries of the functions are: beside this one.
pub(crate) fn binaries() -> PathBuf {
    let this = env::current_exe().unwrap_or_default();
    this.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Cargo's target folder: the one above `debug` or `release`.
pub(crate) fn target_directory() -> PathBuf {
    binaries().parent().map(Path::to_path_buf).unwrap_or_default()
}
