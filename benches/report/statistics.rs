//! Medians and percentiles.

/// Returns the value that `percent` of all values do not exceed.
pub(crate) fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of the list")]
    let index = (percent / 100.0 * last as f64).round() as usize;
    sorted[index.min(last)]
}

/// Returns the value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// Returns the largest value.
pub(crate) fn worst(values: &[f64]) -> f64 {
    percentile(values, 100.0)
}

/// Returns the width of the middle half of the values, as a share of the median.
pub(crate) fn spread(values: &[f64]) -> f64 {
    (percentile(values, 75.0) - percentile(values, 25.0)) / median(values)
}
