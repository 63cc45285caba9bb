//! The stack's settings, from the environment and the option `--watch`.

use std::env;
use std::fmt::Display;
use std::net::IpAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::programs::{target_folder, workspace_folder};

const MAX_PROCESSES: NonZero<usize> = NonZero::new(8).unwrap();
const CONCURRENCY: NonZero<usize> = NonZero::new(1000).unwrap();

/// The only option.
const WATCH: &str = "--watch";

/// An argument or a variable that is invalid.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("unknown option {0}; the only option is {WATCH}")]
    UnknownOption(String),
    #[error("{name} is invalid: {reason}")]
    Variable { name: &'static str, reason: String },
}

/// The settings of a stack.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `APP_PORT`: the port of the HTTP API; the WebSocket API uses the next port. 0 picks two free
    /// ports. 3000 by default.
    pub(crate) port: u16,
    /// `DATABASE_URL`: a MongoDB to use instead of starting one.
    pub(crate) database_url: Option<String>,
    /// `LOCAL_DATABASE_PORT`: the port of the database that the stack starts. 0, the default, picks a
    /// free port.
    pub(crate) database_port: u16,
    /// `LOCAL_SMTP_PORT`: the port of the mail catcher. 0, the default, picks a free port.
    pub(crate) smtp_port: u16,
    /// `LOCAL_CONTAINER_ADDRESS`: an address, besides 127.0.0.1, at which the database and the mail
    /// catcher listen, so that containers reach them.
    pub(crate) container_address: Option<IpAddr>,
    /// `LOCAL_HOSTS`: names, besides `localhost`, under which the stack's own pages may be requested.
    pub(crate) hosts: Vec<String>,
    /// `LOCAL_DATA_DIR`: the folder of the database and the secrets. `target/local/PORT` by
    /// default, so that stacks on different ports do not share data.
    pub(crate) data: PathBuf,
    /// `LOCAL_TEMPLATE`: the template to run. The workspace's own by default.
    pub(crate) template: PathBuf,
    /// `LOCAL_BINARIES`: a folder of binaries that are already built. By default the workspace is
    /// built with the profile of this program.
    pub(crate) binaries: Option<PathBuf>,
    /// `LOCAL_MAX_PROCESSES`: the maximum number of processes per function; further invocations
    /// wait. 8 by default.
    pub(crate) max_processes: NonZero<usize>,
    /// `LOCAL_IDLE_SECONDS`: the number of seconds that a process may be idle before it ends. 60 by
    /// default.
    pub(crate) idle: Duration,
    /// `LOCAL_TIME_SCALE`: the factor by which the idle timeout and the lifetime of sockets are
    /// shortened. 1 by default.
    pub(crate) time_scale: NonZero<u32>,
    /// `LOCAL_THROTTLES`: `true` applies the rate limits of the template and of an AWS account. Off by
    /// default, because one person's tests exceed the limits of a whole deployment.
    pub(crate) throttles: bool,
    /// `LOCAL_CONCURRENCY`: the maximum number of invocations of all functions at a time; further ones
    /// are throttled. 1,000 by default, as in an AWS account.
    pub(crate) concurrency: NonZero<usize>,
    /// `LOCAL_DEAD_AFTER_FREEZE_MILLIS`: the connections of a process that was frozen for longer die
    /// silently. By default, they survive.
    pub(crate) dead_after_freeze: Option<Duration>,
    /// `LOCAL_STOP_WITH_STDIN`: `true` stops the stack when standard input closes, for programs
    /// that start it.
    pub(crate) stop_with_stdin: bool,
    /// `--watch`: functions are rebuilt when their sources change.
    pub(crate) watch: bool,
}

impl Settings {
    /// Reads the arguments and the environment.
    ///
    /// # Errors
    /// Returns an error that names the invalid argument or variable.
    pub(crate) fn read(arguments: &[String]) -> Result<Self, SettingsError> {
        if let Some(unknown) = arguments.iter().find(|argument| *argument != WATCH) {
            return Err(SettingsError::UnknownOption(unknown.clone()));
        }
        let port = number("APP_PORT", 3000)?;
        let path = |name: &str| env::var_os(name).map(PathBuf::from);
        let data = path("LOCAL_DATA_DIR");
        Ok(Self {
            port,
            database_url: env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()),
            database_port: number("LOCAL_DATABASE_PORT", 0)?,
            smtp_port: number("LOCAL_SMTP_PORT", 0)?,
            container_address: optional("LOCAL_CONTAINER_ADDRESS")?,
            hosts: env::var("LOCAL_HOSTS").unwrap_or_default().split(',').map(|name| name.trim().to_owned()).collect(),
            data: data.unwrap_or_else(|| target_folder().join("local").join(port.to_string())),
            template: path("LOCAL_TEMPLATE").unwrap_or_else(|| workspace_folder().join("template.yaml")),
            binaries: path("LOCAL_BINARIES"),
            max_processes: number("LOCAL_MAX_PROCESSES", MAX_PROCESSES)?,
            idle: Duration::from_secs(number("LOCAL_IDLE_SECONDS", 60)?),
            time_scale: number("LOCAL_TIME_SCALE", NonZero::<u32>::MIN)?,
            throttles: env::var("LOCAL_THROTTLES").is_ok_and(|value| value == "true"),
            concurrency: number("LOCAL_CONCURRENCY", CONCURRENCY)?,
            dead_after_freeze: optional("LOCAL_DEAD_AFTER_FREEZE_MILLIS")?.map(Duration::from_millis),
            stop_with_stdin: env::var("LOCAL_STOP_WITH_STDIN").is_ok_and(|value| value == "true"),
            watch: !arguments.is_empty(),
        })
    }
}

fn number<T: FromStr<Err: Display>>(name: &'static str, default: T) -> Result<T, SettingsError> {
    Ok(optional(name)?.unwrap_or(default))
}

fn optional<T: FromStr<Err: Display>>(name: &'static str) -> Result<Option<T>, SettingsError> {
    let invalid = |error: T::Err| SettingsError::Variable { name, reason: error.to_string() };
    match env::var(name) {
        Ok(text) if !text.is_empty() => text.parse().map(Some).map_err(invalid),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_other_option_is_refused() {
        let error = Settings::read(&["--wach".to_owned()]).unwrap_err();

        assert_eq!(error.to_string(), "unknown option --wach; the only option is --watch");
    }
}
