//! Cold starts: from the start of a process to its first answer.

use crate::bed::Bed;
use crate::harness::{Browser, use_everything};
use crate::journey::{FUNCTIONS, Invocations, WITHOUT_DATABASE, invoke_bare};
use crate::report::Report;
use crate::statistics::{median, spread, worst};

/// Starts of each function.
const STARTS: usize = 20;

/// A function with a database may take so many times what one takes that does nothing.
const TIMES: f64 = 2.5;

/// Adds the start of each function, on a stack where every invocation is the first one of a process.
pub(crate) async fn measure(bed: &Bed, report: &mut Report) {
    let stack = bed.setup().set("LOCAL_IDLE_SECONDS", 0).start();
    let browser = Browser::new(&stack);
    let invocations = Invocations::of(&stack).await;
    let starts = |function: &str| -> Vec<f64> {
        let all = invocations.of_function(function).into_iter().filter_map(|invocation| invocation.start);
        // The first one reads the binary from the disk.
        all.skip(1).take(STARTS).collect()
    };
    while FUNCTIONS.iter().any(|(function, _)| starts(function).len() < STARTS) || starts("Bare").len() < STARTS {
        invoke_bare(&browser).await;
        use_everything(&stack).await;
    }
    let bare = starts("Bare");
    report.add("noise: spread of the bare function's starts", spread(&bare) * 100.0, "%");
    report.add("start to first answer, bare, median", median(&bare), "ms");
    report.add("start to first answer, bare, worst", worst(&bare), "ms");
    for (function, _) in FUNCTIONS {
        let times = starts(function);
        let name = format!("start to first answer, {function}");
        if WITHOUT_DATABASE.contains(&function) {
            report.add_beside(format!("{name}, median"), median(&times), "ms", median(&bare));
        } else {
            report.add_ratio(format!("{name}, median"), median(&times), "ms", median(&bare), TIMES);
        }
        report.add_beside(format!("{name}, worst"), worst(&times), "ms", worst(&bare));
    }
}
