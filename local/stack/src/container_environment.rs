//! The environment of functions in containers, for `sam local --env-vars`.

use std::fs;

use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::settings::Settings;

/// The file in the data folder.
const FILE: &str = "env.json";

/// The address of this machine's servers, as functions on this machine see it.
const LOOPBACK: &str = "127.0.0.1";

/// Writes these variables, with the address at which containers reach this machine.
pub(crate) fn write(settings: &Settings, variables: impl Iterator<Item = (&'static str, String)>) -> Result<(), Error> {
    let value = |name: &str, value: String| match settings.container_address {
        Some(address) if name.ends_with("_URL") => value.replace(LOOPBACK, &address.to_string()),
        _ => value,
    };
    let parameters: Map<String, Value> =
        variables.map(|(name, text)| (name.to_owned(), value(name, text).into())).collect();
    let file = settings.data.join(FILE);
    let json = json!({ "Parameters": parameters });
    fs::write(&file, format!("{json:#}\n")).map_err(|source| Error::Environment { file, source })
}
