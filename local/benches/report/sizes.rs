//! How large the binaries are.

use std::fs;
use std::process::Command;

use crate::bed::Bed;
use crate::journey::FUNCTIONS;
use crate::report::Report;

/// The most, in megabytes, that a function may have zipped.
const ZIPPED: f64 = 5.0;

/// Adds the size of each function, as a file and compressed with the method that ZIP has.
pub(crate) fn measure(bed: &Bed, report: &mut Report) {
    let megabytes = |bytes: f64| bytes / 1e6;
    let sizes = |binary: &str| {
        let path = bed.binaries.join(binary);
        let zipped = Command::new("gzip").arg("-c").stdin(fs::File::open(&path).unwrap()).output().unwrap();
        (megabytes(fs::metadata(&path).unwrap().len() as f64), megabytes(zipped.stdout.len() as f64))
    };
    let (bare, bare_zipped) = sizes("bare");
    for (function, binary) in FUNCTIONS {
        let (file, zipped) = sizes(binary);
        report.add_beside(format!("file size, {function}"), file, "MB", bare);
        report.add_bounded(format!("zipped size, {function} (bare: {bare_zipped:.1})"), zipped, "MB", ZIPPED);
    }
}
