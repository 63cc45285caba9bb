//! Warm invocations: how long, how much processor time, how many database commands, how much memory.

use std::time::{Duration, Instant};

use crate::bed::Bed;
use crate::driver::{self, Driver};
use crate::harness::{Browser, Chat, Stack, use_everything};
use crate::journey::{FUNCTIONS, Invocations, invoke_bare};
use crate::process::FunctionProcess;
use crate::report::Report;
use crate::statistics::{median, spread};

/// How often everything is done before anything counts, and then.
const WARM_UP: usize = 5;
const ROUNDS: usize = 60;

/// How often a read is repeated.
const READS: usize = 500;

/// The most times that a read may take the processor time of the bare function and the bare driver together.
const TIMES: f64 = 1.3;

/// The most database commands of a function: one where it reads or relays, two where it writes.
const READ: f64 = 1.0;
const WRITE: f64 = 2.0;

/// The functions that write.
const WRITERS: [&str; 11] = [
    "SendOtp",
    "VerifyOtp",
    "DeleteOtp",
    "UploadDetails",
    "Logout",
    "Refresh",
    "CreateConnection",
    "SendMessage",
    "Connect",
    "Disconnect",
    "JoinChatRoom",
];

/// The most memory of a process, in megabytes.
const MEMORY: f64 = 20.0;

/// Adds what each function takes on a stack that has one process of each.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let stack = bed.setup().set("LOCAL_MAX_PROCESSES", 1).start();
    let browser = Browser::new(&stack);
    let invocations = Invocations::of(&stack).await;
    let all = async |rounds| {
        for _ in 0..rounds {
            invoke_bare(&browser).await;
            use_everything(&stack).await;
        }
    };
    all(WARM_UP).await;
    let functions = || [("Bare", "bare")].into_iter().chain(FUNCTIONS);
    let before: Vec<_> = functions()
        .map(|(function, binary)| {
            let process = FunctionProcess::of(&stack, binary);
            (function, process, process.cpu_time(), invocations.of_function(function).len())
        })
        .collect();
    all(ROUNDS).await;

    let mut bare = None;
    for (function, process, cpu, count) in before {
        let counted = &invocations.of_function(function)[count..];
        let times: Vec<_> = counted.iter().map(|invocation| invocation.warm).collect();
        let cpu = millis(process.cpu_time() - cpu) / counted.len() as f64;
        if function == "Bare" {
            report.add("noise: spread of the bare function's warm invocations", spread(&times) * 100.0, "%");
        }
        let (bare_time, bare_cpu) = *bare.get_or_insert((median(&times), cpu));
        report.add_beside(format!("warm invocation, {function}, median"), median(&times), "ms", bare_time);
        report.add_beside(format!("processor time of an invocation, {function}"), cpu, "ms", bare_cpu);
        report.add_bounded(format!("memory of a warm process, {function}"), process.resident_megabytes(), "MB", MEMORY);
        if function != "Bare" {
            let commands: Vec<_> = counted.iter().map(|invocation| invocation.commands).collect();
            let bound = if WRITERS.contains(&function) { WRITE } else { READ };
            report.add_bounded(format!("database commands, {function}"), median(&commands), "", bound);
        }
    }
    gateway(&browser, &invocations, report).await;
    reads(&stack, report).await;
}

/// Adds what a request takes for its client, beside the invocation in it: the rest is the gateway, and both ends of HTTP.
async fn gateway(browser: &Browser, invocations: &Invocations, report: &mut Report) {
    let before = invocations.of_function("Bare").len();
    let mut seen = Vec::new();
    for _ in 0..READS {
        let since = Instant::now();
        invoke_bare(browser).await;
        seen.push(millis(since.elapsed()));
    }
    let inside: Vec<_> = invocations.of_function("Bare")[before..].iter().map(|invocation| invocation.warm).collect();
    report.add_beside(
        "request of a client, Bare, median (limit: the invocation in it)",
        median(&seen),
        "ms",
        median(&inside),
    );
}

/// A way to read.
struct Read<'a> {
    name: &'a str,
    binary: &'a str,
    path: &'a str,
    parameters: &'a [(&'a str, &'a str)],
}

/// Adds the processor time of each read, beside that of the bare function and of the bare driver with the same command.
///
/// The three take turns, so that each finds the machine as busy, and the processor's caches as full of other things.
async fn reads(stack: &Stack, report: &mut Report) {
    let chat = Chat::start(stack).await;
    chat.fill(20).await;
    let (ada, id) = (&chat.ada.browser, chat.id.as_str());
    let browser = Browser::new(stack);
    let bare = FunctionProcess::of(stack, "bare");
    let database = stack.database().await;
    let reads = [
        Read { name: "UserDetails", binary: "user-details", path: "/api/userDetails", parameters: &[] },
        Read { name: "Users, 20", binary: "users", path: "/api/users", parameters: &[("limit", "20")] },
        Read { name: "AllConnection, 1 chat", binary: "all-connection", path: "/api/allConnection", parameters: &[] },
        Read { name: "GetChat, 20 messages", binary: "get-chat", path: "/api/getChat", parameters: &[("chatId", id)] },
        Read { name: "LastMessage", binary: "last-message", path: "/api/lastMessage", parameters: &[("chatId", id)] },
    ];
    for Read { name, binary, path, parameters } in reads {
        let call = async || drop(ada.query(path, parameters).await.expect(200));
        let command = driver::command_of(&database, call()).await;
        let mut driver = Driver::start(&stack.database_url, command).await;
        let process = FunctionProcess::of(stack, binary);
        let (bare_before, before) = (bare.cpu_time(), process.cpu_time());
        let mut taken = Vec::new();
        for _ in 0..READS {
            invoke_bare(&browser).await;
            call().await;
            taken.push(driver.send().await);
        }
        let each = |all: Duration| millis(all) / READS as f64;
        let (bare, cpu) = (each(bare.cpu_time() - bare_before), each(process.cpu_time() - before));
        let driver = each(taken.iter().map(|taken| taken.cpu).sum());
        let figure = format!("processor time of a read, {name} (bare function {bare:.3} + driver {driver:.3})");
        report.add_ratio(figure, cpu, "ms", bare + driver, TIMES);
        let times: Vec<_> = taken.iter().map(|taken| millis(taken.time)).collect();
        report.add(format!("database time of a read, {name}, bare driver"), median(&times), "ms");
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
