//! `cargo bench`: measures the release binaries through the local stack and a real MongoDB.
//!
//! Machines differ and are noisy, so the report shows every figure next to its limit, measured in
//! the same run: a function that does nothing, and the bare database driver. The bounds are the
//! goals of this project.

#![expect(clippy::unwrap_used, reason = "a benchmark stops if it cannot continue")]

mod bed;
mod driver;
mod fan_out;
mod function_process;
mod growth;
mod invocations;
mod plot;
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
