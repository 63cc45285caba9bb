//! The requests to stop that a program obeys.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Returns when Ctrl-C is pressed, when the process is asked to terminate, or, if
/// `with_standard_input` is set, when the standard input is closed.
///
/// The last one is for programs that start this one: it stops with them, however they end.
pub async fn shutdown_requested(with_standard_input: bool) {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    let input_closed = async {
        if !with_standard_input || standard_input_closed().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
        () = input_closed => {}
    }
}

/// Reads the standard input to its end. A thread does it, because a task that reads the standard
/// input would keep the runtime from shutting down.
fn standard_input_closed() -> oneshot::Receiver<()> {
    let (closed, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = closed.send(());
    });
    receiver
}
