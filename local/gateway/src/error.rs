//! The errors that keep a gateway from starting.

use std::io;
use std::path::PathBuf;

/// The reason why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another program listens on this port.
    #[error("port {0} is already in use")]
    PortInUse(u16),
    /// The port cannot be opened for another reason.
    #[error("port {port} cannot be opened: {source}")]
    Port {
        /// The port; 0 stands for any free one.
        port: u16,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The WebSocket API uses the port after the HTTP API's, and 65535 is the last port.
    #[error("port {0} is too high: the WebSocket API needs the port after it")]
    NoPortAbove(u16),
    /// The process that cleans up after a crash cannot be started.
    #[error("cannot start a process: {0}")]
    ProcessGroup(#[source] io::Error),
    /// The template cannot be run.
    #[error("{}, line {line}: {reason}", file.display())]
    Template {
        /// The name of the template's file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The problem.
        reason: String,
    },
    /// A program has no function in the template.
    #[error("{} has no function for {}", template.display(), source_file.display())]
    ProgramWithoutFunction {
        /// The name of the template's file.
        template: PathBuf,
        /// The source file of the program.
        source_file: PathBuf,
    },
    /// A route conflicts with another one, or its path is malformed.
    #[error("the route {route} cannot be used: {reason}")]
    Route {
        /// The key of the route, such as `GET /users/{id}`.
        route: String,
        /// The problem.
        reason: String,
    },
    /// A function did not create its custom resource.
    #[error("{function} could not create {resource}: {reason}")]
    CustomResource {
        /// The logical id of the resource.
        resource: String,
        /// The logical id of the function.
        function: String,
        /// The function's reason, or a note that it gave none.
        reason: String,
    },
    /// Cargo cannot be run.
    #[error("cargo cannot be started: {0}")]
    Cargo(#[source] io::Error),
    /// Cargo failed to build the functions.
    #[error("the functions do not build")]
    Build,
    /// The file system does not report changes below this folder.
    #[error("{} cannot be watched: {reason}", folder.display())]
    Watch {
        /// The folder.
        folder: PathBuf,
        /// The operating system's reason.
        reason: String,
    },
}
