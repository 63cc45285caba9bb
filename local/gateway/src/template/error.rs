//! Errors that point at a line of the template.

/// A problem in the template.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct TemplateError {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The problem.
    pub(crate) reason: String,
}
