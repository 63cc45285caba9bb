//! `cargo bench`: what the release binaries take, measured through the local stack and a real MongoDB.
//!
//! Every figure stands beside its limit, measured in the same run, since machines differ and are noisy: a function that
//! does nothing, and the database driver with nothing around it. The bounds are what this project holds itself to.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

#[path = "../../tests/e2e/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the benchmark needs less of the harness than the tests")]
mod harness;

mod bed;
mod driver;
mod fan_out;
mod growth;
mod journey;
mod plot;
mod process;
mod report;
mod seed;
mod sizes;
mod starts;
mod statistics;
mod throughput;
mod warm;

use std::time::Instant;

use bed::Bed;
use report::Report;

#[tokio::main]
async fn main() {
    let bed = Bed::build();
    let since = Instant::now();
    let mut report = Report::default();
    println!("starts …");
    starts::measure(&bed, &mut report).await;
    println!("warm invocations …");
    warm::measure(&bed, &mut report).await;
    sizes::measure(&bed, &mut report);
    println!("growth …");
    growth::measure(&bed, &mut report).await;
    println!("sockets …");
    fan_out::measure(&bed, &mut report).await;
    println!("throughput …");
    throughput::measure(&bed, &mut report).await;
    report.finish(since.elapsed());
}
