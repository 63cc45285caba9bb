//! Copies the database and photos of the Express and Socket.IO backend into a database of this one.
//!
//! Every record is compared with the target's, so the next copy completes an interrupted one, and
//! repeating a complete copy changes nothing. Records that cannot be copied are reported and left
//! out.

mod arguments;
mod batches;
mod chats;
mod databases;
mod failure;
mod messages;
mod photos;
mod report;
mod users;
mod values;

use std::process::ExitCode;

use clap::Parser;
use mongodb::Database;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::photos::Uploads;
use crate::report::Report;

/// The exit status of a copy that left something out.
const INCOMPLETE: u8 = 3;

/// The state of a copy.
struct Copy {
    arguments: Arguments,
    source: Database,
    target: Database,
    uploads: Uploads,
    report: Report,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match copy(Arguments::parse()).await {
        Ok(report) if report.is_complete() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(INCOMPLETE),
        Err(failure) => {
            eprintln!("copy-database: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn copy(arguments: Arguments) -> Result<Report, Failure> {
    let uploads = Uploads::open(arguments.uploads.as_deref())?;
    let (source, target) = databases::open(&arguments).await?;
    let mut copy = Copy { arguments, source, target, uploads, report: Report::default() };
    let users = users::copy(&mut copy).await?;
    chats::copy(&mut copy, &users).await?;
    copy.report.summarize(copy.arguments.dry_run);
    Ok(copy.report)
}
