//! The plot of growth.

use std::fmt::Write as _;
use std::fs;

use test_support::{profile_folder, workspace};

use crate::report::file;

/// The duration of an invocation, in milliseconds, for several amounts of data.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    /// The unit of the amounts.
    pub(crate) unit: &'static str,
    pub(crate) points: Vec<(usize, f64)>,
}

impl Line {
    /// Returns the duration with the largest amount as a multiple of the duration with the
    /// smallest.
    pub(crate) fn factor(&self) -> f64 {
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        last.1 / first.1
    }
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 340.0;
/// The positions of the axes. The names of the lines are on the right.
const LEFT: f64 = 60.0;
const RIGHT: f64 = WIDTH - 260.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = HEIGHT - 50.0;
/// The ranges of the axes: powers of ten, and multiples of the duration with the smallest amount.
const DECADES: (i32, i32) = (1, 5);
const HIGHEST: f64 = 2.0;

const COLORS: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#444444", "#8c564b"];

/// Draws the lines as multiples of their first points, into `target/bench/growth.svg` and, unless this
/// is a trial, `docs/growth.svg`.
pub(crate) fn write(lines: &[Line]) {
    let x =
        |size: f64| LEFT + (RIGHT - LEFT) * (size.log10() - f64::from(DECADES.0)) / f64::from(DECADES.1 - DECADES.0);
    let y = |times: f64| BOTTOM - (BOTTOM - TOP) * times.min(HIGHEST) / HIGHEST;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"
  font-family="system-ui, sans-serif" font-size="13" role="img">
<title>How much longer an invocation takes when there is more data</title>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
<text x="{LEFT}" y="22" font-size="15"
  fill="#222">Time of an invocation, as a multiple of that with the least data</text>
"##
    );
    for tenths in (0..=20).step_by(5) {
        let (times, at) = (f64::from(tenths) / 10.0, y(f64::from(tenths) / 10.0));
        let (label, baseline) = (LEFT - 8.0, at + 4.0);
        writeln!(
            svg,
            r##"<path d="M{LEFT} {at:.1}H{RIGHT}" stroke="#ddd"/>
<text x="{label:.1}" y="{baseline:.1}" text-anchor="end" fill="#555">{times}</text>"##
        )
        .unwrap();
    }
    for decade in DECADES.0..=DECADES.1 {
        let size = 10_f64.powi(decade);
        writeln!(
            svg,
            r##"<text x="{:.1}" y="{:.1}" text-anchor="middle" fill="#555">{size}</text>"##,
            x(size),
            BOTTOM + 20.0
        )
        .unwrap();
    }
    let (middle, baseline) = (f64::midpoint(LEFT, RIGHT), BOTTOM + 40.0);
    let amounts = "messages in the chat, chats in the list, users, open sockets";
    writeln!(svg, r##"<text x="{middle:.1}" y="{baseline:.1}" text-anchor="middle" fill="#555">{amounts}</text>"##)
        .unwrap();
    for (index, line) in lines.iter().enumerate() {
        let color = COLORS[index % COLORS.len()];
        let first = line.points[0].1;
        let points: Vec<_> = line.points.iter().map(|(size, millis)| (x(*size as f64), y(millis / first))).collect();
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        writeln!(svg, r##"<path d="M{}" fill="none" stroke="{color}" stroke-width="2"/>"##, path.join("L")).unwrap();
        for (x, y) in points {
            writeln!(svg, r##"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" fill="{color}"/>"##).unwrap();
        }
        let at = TOP + 16.0 + 24.0 * index as f64;
        let (key, label) = (RIGHT + 20.0, RIGHT + 44.0);
        let (name, factor, middle) = (line.name, line.factor(), at - 4.0);
        writeln!(
            svg,
            r##"<path d="M{key} {middle:.1}h18" stroke="{color}" stroke-width="2"/>
<text x="{label:.1}" y="{at:.1}" fill="#222">{name}: {factor:.2}</text>"##
        )
        .unwrap();
    }
    svg.push_str("</svg>\n");
    fs::write(file("growth.svg"), &svg).unwrap();
    if profile_folder().ends_with("release") {
        fs::write(workspace().join("docs/growth.svg"), svg).unwrap();
    }
}
