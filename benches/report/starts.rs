//! Cold starts: the time from the start of a process to its first answer. It includes the connections
//! that the process opens before its first invocation.

use test_support::{Browser, exercise_every_function};

use crate::bed::Bed;
use crate::invocations::{Invocations, invoke_bare};
use crate::report::Report;
use crate::statistics::{median, spread, worst};

/// The number of starts of each function.
const STARTS: usize = 20;

/// The bound of the start of a function with a database, as a multiple of the bare function's
/// start.
const TIMES: f64 = 2.5;

/// Measures the cold start of each function, on a stack where every invocation is the first of its
/// process.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let stack = bed.setup().set("LOCAL_IDLE_SECONDS", 0).start();
    let browser = Browser::new(&stack);
    let invocations = Invocations::follow(&stack).await;
    let starts = |function: &str| -> Vec<f64> {
        let all = invocations.of_function(function).into_iter().filter_map(|invocation| invocation.start);
        // The first start reads the binary from the disk.
        all.skip(1).take(STARTS).collect()
    };
    let names = || bed.functions.iter().map(|function| function.name.as_str());
    while names().chain(["Bare"]).any(|function| starts(function).len() < STARTS) {
        invoke_bare(&browser).await;
        exercise_every_function(&stack).await;
    }
    let bare = starts("Bare");
    report.add("noise: spread of the bare function's starts", spread(&bare) * 100.0, "%");
    report.add("start to first answer, bare, median", median(&bare), "ms");
    report.add("start to first answer, bare, worst", worst(&bare), "ms");
    for function in &bed.functions {
        let times = starts(&function.name);
        let name = format!("start to first answer, {}", function.name);
        if function.variables.contains("DATABASE_URL") {
            report.add_ratio(format!("{name}, median"), median(&times), "ms", median(&bare), TIMES);
        } else {
            report.add_with_limit(format!("{name}, median"), median(&times), "ms", median(&bare));
        }
        report.add_with_limit(format!("{name}, worst"), worst(&times), "ms", worst(&bare));
    }
}
