//! `cargo bench`: measures the release binaries through the local stack and a real MongoDB.
//!
//! Machines differ and are noisy, so the report shows every figure next to its limit, measured in
//! the same run: a function that does nothing, and the bare database driver. The bounds are the
//! goals of this project.
//!
//! Arguments name the parts to measure, such as `cargo bench --bench report -- sync sockets`. Without
//! one, all are measured. `cargo test --workspace --bench report` tries the program with unoptimized
//! functions, whose figures mean nothing.

#![expect(clippy::unwrap_used, reason = "a benchmark stops if it cannot continue")]

mod bed;
mod billed;
mod commands;
mod deployed;
mod driver;
mod fan_out;
mod function_process;
mod growth;
mod invocations;
mod plot;
mod report;
mod seed;
mod share;
mod sizes;
mod starts;
mod statistics;
mod sync;
mod throughput;
mod warm;

use std::env;
use std::time::Instant;

use bed::Bed;
use report::Report;

#[tokio::main]
async fn main() {
    // Cargo adds options of its own.
    let wanted: Vec<_> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |part: &str| {
        let is_wanted = wanted.is_empty() || wanted.iter().any(|wanted| wanted == part);
        if is_wanted {
            println!("{part} …");
        }
        is_wanted
    };
    let bed = Bed::build();
    let since = Instant::now();
    let mut report = Report::default();
    if is_wanted("starts") {
        starts::measure(&bed, &mut report).await;
    }
    if is_wanted("deployed") {
        deployed::measure(&bed, &mut report).await;
    }
    if is_wanted("warm") {
        warm::measure(&bed, &mut report).await;
    }
    if is_wanted("sizes") {
        sizes::measure(&bed, &mut report);
    }
    if is_wanted("commands") {
        commands::measure(&bed, &mut report).await;
    }
    if is_wanted("billed") {
        billed::measure(&bed, &mut report).await;
    }
    if is_wanted("growth") {
        growth::measure(&bed, &mut report).await;
    }
    if is_wanted("sync") {
        sync::measure(&bed, &mut report).await;
    }
    if is_wanted("sockets") {
        fan_out::measure(&bed, &mut report).await;
    }
    if is_wanted("throughput") {
        throughput::measure(&bed, &mut report).await;
    }
    report.finish(since.elapsed());
}
