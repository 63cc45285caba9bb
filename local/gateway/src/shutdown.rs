//! Waits for a request to stop the program.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Returns when Ctrl-C is pressed, when the process is asked to terminate, or, if
/// `with_standard_input` is set, when standard input closes.
///
/// The last condition is for programs that start this one: it stops with them, however they end.
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

/// Reads standard input to its end on a thread. A task that reads standard input would keep the
/// runtime from shutting down.
fn standard_input_closed() -> oneshot::Receiver<()> {
    let (closed, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = closed.send(());
    });
    receiver
}
