//! The stack itself: it starts, serves many clients, and exits without leaving processes behind.

use std::collections::HashMap;
use std::fs;
use std::net::TcpListener;
use std::process::ExitStatus;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use rustix::process::Signal;
use test_support::{
    Browser, Process, Setup, Socket, Stack, User, eventually, processes_of, processes_that_know, shared,
    skip_on_deployed_stack, temporary_folder,
};

/// Starts a stack with functions and a mongod, ends it with `end`, and waits until none of its
/// processes is running.
async fn expect_no_process_after(end: impl Fn(Stack) -> ExitStatus) -> ExitStatus {
    let folder = temporary_folder();
    let stack = Setup::default().keeping_data_in(folder.path()).start();
    let user = User::sign_up(&stack, "Ada").await;
    let _socket = Socket::open(&stack, &user).await;
    let processes = processes_of(&stack);
    assert!(processes.iter().any(|process| process.program == "mongod"), "{processes:?}");
    assert!(processes.iter().filter(|process| process.is_function()).count() >= 6, "{processes:?}");

    let status = end(stack);

    eventually("no process remains", async || {
        !processes.iter().any(Process::is_running) && processes_that_know(folder.path()).is_empty()
    })
    .await;
    status
}

#[tokio::test]
async fn an_interrupt_shuts_everything_down() {
    if skip_on_deployed_stack() {
        return;
    }
    assert!(expect_no_process_after(|stack| stack.end_by(Signal::INT)).await.success());
}

#[tokio::test]
async fn a_request_to_terminate_shuts_everything_down() {
    if skip_on_deployed_stack() {
        return;
    }
    assert!(expect_no_process_after(|stack| stack.end_by(Signal::TERM)).await.success());
}

#[tokio::test]
async fn the_end_of_standard_input_shuts_everything_down() {
    if skip_on_deployed_stack() {
        return;
    }
    assert!(expect_no_process_after(Stack::end).await.success());
}

#[tokio::test]
async fn no_process_survives_a_kill() {
    if skip_on_deployed_stack() {
        return;
    }
    expect_no_process_after(|stack| stack.end_by(Signal::KILL)).await;
}

#[tokio::test]
async fn data_and_sessions_survive_a_restart() {
    if skip_on_deployed_stack() {
        return;
    }
    let folder = temporary_folder();
    let stack = Setup::default().keeping_data_in(folder.path()).start();
    let user = User::sign_up(&stack, "Ada").await;
    let details = user.browser.get("/api/userDetails").await.expect(200);
    stack.end_by(Signal::INT);

    let stack = Setup::default().keeping_data_in(folder.path()).start();
    let browser = Browser::sending(&stack, &user.browser.cookies());

    assert_eq!(browser.get("/api/userDetails").await.expect(200), details);
    browser.get("/api/refresh").await.expect(200);
}

#[tokio::test]
async fn data_survives_a_kill() {
    if skip_on_deployed_stack() {
        return;
    }
    let folder = temporary_folder();
    let stack = Setup::default().keeping_data_in(folder.path()).start();
    let user = User::sign_up(&stack, "Ada").await;
    stack.end_by(Signal::KILL);
    eventually("no process remains", async || processes_that_know(folder.path()).is_empty()).await;

    let stack = Setup::default().keeping_data_in(folder.path()).start();
    let browser = Browser::sending(&stack, &user.browser.cookies());

    browser.get("/api/refresh").await.expect(200);
}

#[test]
fn a_busy_port_is_reported() {
    if skip_on_deployed_stack() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();

    let (status, output) = Setup::default().set("APP_PORT", port).expect_failure();

    assert!(!status.success());
    assert!(output.contains(&port.to_string()) && output.contains("APP_PORT"), "{output}");
}

#[test]
fn a_busy_port_for_sockets_is_reported() {
    if skip_on_deployed_stack() {
        return;
    }
    let (listener, port) = bind_above_a_free_port();

    let (status, output) = Setup::default().set("APP_PORT", port - 1).expect_failure();

    assert!(!status.success());
    assert!(output.contains(&port.to_string()) && output.contains("APP_PORT"), "{output}");
    drop(listener);
}

/// Binds a port whose predecessor is free. Returns the listener and the port.
fn bind_above_a_free_port() -> (TcpListener, u16) {
    let candidates = std::iter::repeat_with(|| TcpListener::bind("127.0.0.1:0").unwrap());
    let mut candidates = candidates.map(|listener| (listener.local_addr().unwrap().port(), listener));
    let (port, listener) = candidates.find(|(port, _)| TcpListener::bind(("127.0.0.1", port - 1)).is_ok()).unwrap();
    (listener, port)
}

#[tokio::test]
async fn servers_listen_only_on_the_loopback_interface() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = shared();
    let urls = [&stack.http, &stack.websocket, &stack.database_url, &format!("smtp://{}", stack.smtp())];
    for url in urls {
        let authority = url.split("://").nth(1).unwrap().split('/').next().unwrap();
        let port: u16 = authority.rsplit(':').next().unwrap().parse().unwrap();

        let addresses = listening_addresses(port);

        assert_eq!(addresses, ["0100007F"], "{url}");
    }
}

/// Returns the addresses with a listener on this port, as the kernel writes them.
fn listening_addresses(port: u16) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    let listening = rows.filter_map(|row| {
        let fields: Vec<_> = row.split_whitespace().collect();
        let (address, local_port) = fields[1].split_once(':')?;
        (fields[3] == "0A" && local_port == format!("{port:04X}")).then(|| address.to_owned())
    });
    listening.collect()
}

#[tokio::test]
async fn fifty_clients_at_once_are_served() {
    let stack = shared();

    let users = join_all((0..50).map(|_| User::sign_up(stack, "Ada"))).await;

    join_all(users.iter().map(async |user| {
        user.browser.get("/api/users").await.expect(200);
        user.browser.get("/api/refresh").await.expect(200);
        user.browser.get("/api/userDetails").await.expect(200);
    }))
    .await;
}

/// Counts the processes of each function.
fn function_processes(stack: &Stack) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for process in processes_of(stack).into_iter().filter(Process::is_function) {
        *counts.entry(process.program).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn the_processes_of_a_function_are_limited_and_end_when_idle() {
    if skip_on_deployed_stack() {
        return;
    }
    let stack = Setup::default().set("LOCAL_MAX_PROCESSES", 2).set("LOCAL_IDLE_SECONDS", 1).start();
    let browsers: Vec<_> = (0..50).map(|_| Browser::new(&stack)).collect();

    let mut requests: FuturesUnordered<_> = browsers.iter().map(|browser| browser.get("/api/users")).collect();
    let mut most = 0;
    while let Some(reply) = requests.next().await {
        reply.expect(200);
        most = most.max(function_processes(&stack).into_values().max().unwrap_or_default());
    }

    assert!((1..=2).contains(&most), "a function had {most} processes");
    eventually("idle processes end", async || function_processes(&stack).is_empty()).await;
    browsers[0].get("/api/users").await.expect(200);
}
