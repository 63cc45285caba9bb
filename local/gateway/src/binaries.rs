//! Checks that a template and its binaries match.

use std::fs;
use std::path::{Path, PathBuf};

use crate::template::{Function, Template, TemplateError};

/// Checks that each function has a binary in `binaries`, and a route or a custom resource that
/// invokes it.
///
/// # Errors
/// Returns an error that points at the first function that lacks either.
pub(crate) fn check_functions(template: &Template, binaries: &Path) -> Result<(), TemplateError> {
    for function in template.functions.values() {
        let Function { name, binary, .. } = function;
        if !binaries.join(binary).is_file() {
            return Err(function.error(format!("{name} has no binary {binary} in {}", binaries.display())));
        }
        if !template.is_invoked(name) {
            return Err(function.error(format!("{name} has no route")));
        }
    }
    Ok(())
}

/// Returns the source file of a program that no function of the template runs, if any. `packages`
/// is a folder of cargo packages.
pub(crate) fn program_without_function(template: &Template, packages: &Path) -> Option<PathBuf> {
    let used: Vec<_> = template.functions.values().map(|function| function.binary.as_str()).collect();
    let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut sources = list(packages).flat_map(|package| list(&package.join("src/bin")));
    sources.find(|source| source.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| !used.contains(&stem)))
}
