//! The figures: collected, printed as a table, and written as JSON.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use test_support::profile_folder;

/// One figure.
#[derive(Serialize)]
struct Figure {
    figure: String,
    value: f64,
    unit: &'static str,
    /// The limit, measured in the same run and in the same unit.
    limit: Option<f64>,
    /// The maximum value, in the same unit.
    bound: Option<f64>,
    /// Whether the value is within the bound.
    met: Option<bool>,
}

/// All figures.
#[derive(Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// Adds a figure without a bound.
    pub(crate) fn add(&mut self, figure: impl Into<String>, value: f64, unit: &'static str) {
        self.push(figure.into(), value, unit, None, None);
    }

    /// Adds a figure that has a limit and no bound.
    pub(crate) fn add_with_limit(&mut self, figure: impl Into<String>, value: f64, unit: &'static str, limit: f64) {
        self.push(figure.into(), value, unit, Some(limit), None);
    }

    /// Adds a figure with a bound.
    pub(crate) fn add_bounded(&mut self, figure: impl Into<String>, value: f64, unit: &'static str, bound: f64) {
        self.push(figure.into(), value, unit, None, Some(bound));
    }

    /// Adds a figure that may be at most `times` its limit.
    pub(crate) fn add_ratio(
        &mut self,
        figure: impl Into<String>,
        value: f64,
        unit: &'static str,
        limit: f64,
        times: f64,
    ) {
        self.push(figure.into(), value, unit, Some(limit), Some(limit * times));
    }

    fn push(&mut self, figure: String, value: f64, unit: &'static str, limit: Option<f64>, bound: Option<f64>) {
        let met = bound.map(|bound| value <= bound);
        self.figures.push(Figure { figure, value, unit, limit, bound, met });
    }

    /// Prints all figures as a table. Writes the table to `target/bench/report.md` and the figures
    /// to `target/bench/report.json`.
    pub(crate) fn finish(&self, duration: Duration) {
        let mut table = String::from("| Figure | Value | Unit | Limit | Bound | Met |\n|---|--:|---|--:|--:|---|\n");
        for Figure { figure, value, unit, limit, bound, met } in &self.figures {
            let number = |value: &Option<f64>| value.map_or_else(String::new, short);
            let met = met.map_or("", |met| if met { "yes" } else { "**no**" });
            let (value, limit, bound) = (short(*value), number(limit), number(bound));
            writeln!(table, "| {figure} | {value} | {unit} | {limit} | {bound} | {met} |").unwrap();
        }
        fs::write(file("report.md"), &table).unwrap();
        fs::write(file("report.json"), serde_json::to_string_pretty(&self.figures).unwrap()).unwrap();
        let (seconds, path) = (duration.as_secs_f64(), file("report.json"));
        println!("\n{table}\nmeasured in {seconds:.0} s, written to {}", path.display());
    }
}

/// Returns the path of a file in `target/bench`.
pub(crate) fn file(name: &str) -> PathBuf {
    let folder = profile_folder().with_file_name("bench");
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// Formats a value with three significant digits.
fn short(value: f64) -> String {
    let digits = if value.abs() >= 100.0 { 0 } else { usize::from(value.abs() < 10.0) + 1 };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
