//! Warm invocations: their duration, processor time, database commands and memory.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use test_support::{Browser, Chat, Stack, Step, exercise_every_function};

use crate::bed::Bed;
use crate::driver::{self, Driver};
use crate::function_process::FunctionProcess;
use crate::invocations::{Invocations, invoke_bare};
use crate::report::Report;
use crate::statistics::{median, spread};

/// The number of rounds that do not count, and of those that do.
const WARM_UP: usize = 5;
const ROUNDS: usize = 60;

/// The number of repetitions of a read.
const READS: usize = 500;

/// The bound of a read's processor time, as a multiple of the sum of the bare function's and the
/// bare driver's.
const TIMES: f64 = 1.3;

/// The bounds of a function's database commands: one if it reads or relays, two if it writes, four if
/// it reads everything that a device has missed.
const READ: f64 = 1.0;
const WRITE: f64 = 2.0;
const SYNC: f64 = 4.0;

/// The bound of a process's memory, in megabytes.
const MEMORY: f64 = 20.0;

/// Measures each function, on a stack with one process per function.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let stack = bed.setup().set("LOCAL_MAX_PROCESSES", 1).start();
    let browser = Browser::new(&stack);
    let invocations = Invocations::follow(&stack).await;
    let all = async |rounds| {
        let mut steps = Vec::new();
        for _ in 0..rounds {
            invoke_bare(&browser).await;
            steps = exercise_every_function(&stack).await;
        }
        steps
    };
    let bounds = command_bounds(&all(WARM_UP).await);
    let functions = bed.functions.iter().map(|function| (function.name.as_str(), function.binary.as_str()));
    let before: Vec<_> = [("Bare", "bare")]
        .into_iter()
        .chain(functions)
        .map(|(function, binary)| {
            let process = FunctionProcess::find(&stack, binary);
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
        report.add_with_limit(format!("warm invocation, {function}, median"), median(&times), "ms", bare_time);
        report.add_with_limit(format!("processor time of an invocation, {function}"), cpu, "ms", bare_cpu);
        report.add_bounded(format!("memory of a warm process, {function}"), process.resident_megabytes(), "MB", MEMORY);
        if function != "Bare" {
            let commands: Vec<_> = counted.iter().map(|invocation| invocation.commands).collect();
            let bound = bounds[function];
            report.add_bounded(format!("database commands, {function}"), median(&commands), "", bound);
        }
    }
    gateway(&browser, &invocations, report).await;
    reads(&stack, report).await;
}

/// Returns the bound of each function's database commands: the expected number, but at most that of
/// a write or a sync.
fn command_bounds(steps: &[Step]) -> HashMap<&'static str, f64> {
    let mut expected = HashMap::<_, Vec<f64>>::new();
    for step in steps {
        expected.entry(step.function).or_default().push(step.commands as f64);
    }
    let bound = |function: &str, commands: &[f64]| {
        median(commands).clamp(READ, if function.starts_with("Sync") { SYNC } else { WRITE })
    };
    expected.into_iter().map(|(function, commands)| (function, bound(function, &commands))).collect()
}

/// Measures a client's request, with the invocation in it as the limit. The difference is the
/// gateway and both ends of HTTP.
async fn gateway(browser: &Browser, invocations: &Invocations, report: &mut Report) {
    let before = invocations.of_function("Bare").len();
    let mut durations = Vec::new();
    for _ in 0..READS {
        let since = Instant::now();
        invoke_bare(browser).await;
        durations.push(millis(since.elapsed()));
    }
    let inside: Vec<_> = invocations.of_function("Bare")[before..].iter().map(|invocation| invocation.warm).collect();
    report.add_with_limit(
        "request of a client, Bare, median (limit: the invocation in it)",
        median(&durations),
        "ms",
        median(&inside),
    );
}

/// A read that is measured.
struct Read<'a> {
    name: &'a str,
    binary: &'a str,
    path: &'a str,
    parameters: &'a [(&'a str, &'a str)],
}

/// Measures the processor time of each read. The limit is the sum of the bare function and the bare
/// driver with the same command.
///
/// The three take turns, so that the load of the machine and the state of the processor's caches
/// are the same for each.
async fn reads(stack: &Stack, report: &mut Report) {
    let chat = Chat::start(stack).await;
    chat.fill(20).await;
    let (ada, id) = (&chat.ada.browser, chat.id.as_str());
    let browser = Browser::new(stack);
    let bare = FunctionProcess::find(stack, "bare");
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
        let process = FunctionProcess::find(stack, binary);
        let (bare_before, before) = (bare.cpu_time(), process.cpu_time());
        let mut costs = Vec::new();
        for _ in 0..READS {
            invoke_bare(&browser).await;
            call().await;
            costs.push(driver.send().await);
        }
        let each = |all: Duration| millis(all) / READS as f64;
        let (bare, cpu) = (each(bare.cpu_time() - bare_before), each(process.cpu_time() - before));
        let driver = each(costs.iter().map(|cost| cost.cpu).sum());
        let figure = format!("processor time of a read, {name} (bare function {bare:.3} + driver {driver:.3})");
        report.add_ratio(figure, cpu, "ms", bare + driver, TIMES);
        let times: Vec<_> = costs.iter().map(|cost| millis(cost.time)).collect();
        report.add(format!("database time of a read, {name}, bare driver"), median(&times), "ms");
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
