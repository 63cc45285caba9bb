//! The sizes of the binaries.

use std::fs;
use std::process::Command;

use crate::bed::Bed;
use crate::report::Report;

/// The bound of a function's zipped size, in megabytes.
const ZIPPED: f64 = 5.0;

/// Measures the size of each function, as a file and compressed as in a ZIP file.
pub(crate) fn measure(bed: &Bed, report: &mut Report) {
    let megabytes = |bytes: f64| bytes / 1e6;
    let sizes = |binary: &str| {
        let path = bed.binaries.join(binary);
        let zipped = Command::new("gzip").arg("-c").stdin(fs::File::open(&path).unwrap()).output().unwrap();
        (megabytes(fs::metadata(&path).unwrap().len() as f64), megabytes(zipped.stdout.len() as f64))
    };
    let (bare, bare_zipped) = sizes("bare");
    for function in &bed.functions {
        let (file, zipped) = sizes(&function.binary);
        let function = &function.name;
        report.add_with_limit(format!("file size, {function}"), file, "MB", bare);
        report.add_bounded(format!("zipped size, {function} (bare: {bare_zipped:.1})"), zipped, "MB", ZIPPED);
    }
}
