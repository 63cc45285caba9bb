//! Recorded AWS events, from the package of the crate `aws_lambda_events`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::gateway::package;

/// Returns the recorded event from the file `example-apigw-{name}.json`.
pub(crate) fn recorded(name: &str) -> Value {
    static FIXTURES: LazyLock<PathBuf> = LazyLock::new(fixtures);
    let file = FIXTURES.join(format!("example-apigw-{name}.json"));
    let text = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&text).unwrap()
}

/// Returns the folder of the events. `probe` depends on the crate, so its package is on this
/// machine.
fn fixtures() -> PathBuf {
    let run = |program: &str, arguments: &[&str]| {
        let program = std::env::var_os(program.to_uppercase()).unwrap_or_else(|| program.into());
        let output = Command::new(program).args(arguments).current_dir(package()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let version = run("rustc", &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Packages for other platforms may be missing; they are not needed.
    let metadata = run("cargo", &["metadata", "--format-version=1", "--offline", "--filter-platform", host]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let package = packages.find(|package| package["name"] == "aws_lambda_events").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("src/fixtures")
}

/// Returns the structure of a value: its keys, and the JSON type of each.
pub(crate) fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("boolean"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(items) => json!(items.first().map(|item| vec![shape(item)]).unwrap_or_default()),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
    }
}

/// Returns the keys of an object.
#[track_caller]
pub(crate) fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value} is not an object")).keys().map(String::as_str).collect()
}

/// Removes these keys from an object.
pub(crate) fn without(mut value: Value, keys: &[&str]) -> Value {
    value.as_object_mut().unwrap().retain(|key, _| !keys.contains(&key.as_str()));
    value
}
