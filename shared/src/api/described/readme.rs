//! The tables of both APIs in `README.md`.

use super::asyncapi::{self, Action, actions};
use super::document::Node;
use super::endpoints::{Endpoint, Takes};
use super::openapi::{self, endpoints, operation_id};
use super::schemas::{ACK_ID, Schemas};
use crate::photos::MAX_PHOTO_BYTES;

/// The README with its tables as the code says them.
pub(super) fn with_tables(readme: &str) -> String {
    let readme = with_table(readme, "http", &http());
    with_table(&readme, "websocket", &websocket())
}

/// Puts a table between the marker of this name and the end after it.
fn with_table(readme: &str, name: &str, table: &str) -> String {
    let (start, end) = (format!("<!-- generated: {name} -->\n"), "<!-- end -->");
    let (before, rest) = readme.split_once(&start).unwrap_or_else(|| panic!("README.md has no line {start:?}"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("README.md has no {end:?} after {start:?}"));
    // Without the empty lines, not every reader of Markdown sees a table.
    format!("{before}{start}\n{table}\n{end}{after}")
}

fn http() -> String {
    let document = openapi::document();
    let mut table = row(&["Method and path", "Who", "Takes", "Gives"]) + "|---|---|---|---|\n";
    for endpoint in endpoints(&mut Schemas::new()) {
        let Endpoint { method, path, who, effect, .. } = endpoint;
        table += &row(&[&format!("`{method} {path}`"), who, &taken(&document, &endpoint), effect]);
    }
    table
}

fn websocket() -> String {
    let document = asyncapi::document();
    let mut table = row(&["Action", "Takes", "Effect"]) + "|---|---|---|\n";
    for Action { action, function, effect, .. } in actions(&mut Schemas::new()) {
        let payload = &document["components"]["messages"][operation_id(function)]["payload"];
        let mut taken = properties(&document, payload);
        // Every action takes it: the text around the table says so once.
        taken.retain(|(name, ..)| *name != ACK_ID);
        table += &row(&[&format!("`{action}`"), &list(&document, taken, &[]), effect]);
    }
    table
}

fn row(cells: &[&str]) -> String {
    let mut row = String::from("|");
    for cell in cells {
        assert!(!cell.contains(['|', '\n']), "{cell:?} does not fit into a table");
        row += &if cell.is_empty() { " |".to_owned() } else { format!(" {cell} |") };
    }
    row + "\n"
}

/// A field or a query parameter: the name, the schema, and whether it has to be there.
type Field<'a> = (&'a str, &'a Node, bool);

/// What an endpoint takes, in words.
fn taken(document: &Node, endpoint: &Endpoint) -> String {
    let operation = &document["paths"][endpoint.path][endpoint.method.to_lowercase()];
    let fields = match endpoint.takes {
        // A photo's name is in the path already.
        Takes::Nothing | Takes::Photo => return String::new(),
        Takes::Query(_) => {
            let parameters = operation["parameters"].as_sequence().unwrap().iter();
            parameters
                .map(|parameter| (text(&parameter["name"]), &parameter["schema"], parameter["required"] == true))
                .collect()
        }
        Takes::Json(_) | Takes::Form(_) => {
            properties(document, &operation["requestBody"]["content"]["application/json"]["schema"])
        }
    };
    let mut list = list(document, fields, endpoint.notes);
    if matches!(endpoint.takes, Takes::Form(_)) {
        let most = MAX_PHOTO_BYTES / (1024 * 1024);
        list += &format!(", optional file `profile` (JPEG, PNG or WebP, at most {most} MiB)");
    }
    list
}

/// The fields of an object, but for those that cannot be anything else.
fn properties<'a>(document: &'a Node, schema: &'a Node) -> Vec<Field<'a>> {
    let schema = resolved(document, schema);
    let required = schema["required"].as_sequence().unwrap();
    let properties = schema["properties"].as_mapping().unwrap().iter();
    properties
        .filter(|(_, property)| property.get("const").is_none())
        .map(|(name, property)| (text(name), property, required.contains(name)))
        .collect()
}

/// The fields with what there is to know about each: whether it can be left out, its note, and its limits.
fn list(document: &Node, fields: Vec<Field>, notes: &[(&str, &str)]) -> String {
    for (noted, _) in notes {
        assert!(fields.iter().any(|(name, ..)| name == noted), "there is a note about {noted:?}, which is no field");
    }
    let fields = fields.into_iter().map(|(name, schema, required)| {
        let schema = resolved(document, schema);
        // The limits of what has a default begin with it, which says already that it can be left out.
        let optional = if required || schema.get("default").is_some() { "" } else { "optional " };
        let note = notes.iter().find(|(noted, _)| *noted == name).map(|(_, note)| (*note).to_owned());
        let details = note.into_iter().chain(limits(schema)).collect::<Vec<_>>().join(", ");
        if details.is_empty() { format!("{optional}`{name}`") } else { format!("{optional}`{name}` ({details})") }
    });
    fields.collect::<Vec<_>>().join(", ")
}

/// Within what a value has to be, in words. The forms of ids, codes and addresses are left to the full descriptions.
fn limits(schema: &Node) -> Option<String> {
    let number = |key: &str| Some(grouped(schema.get(key)?.as_u64()?));
    let length = || Some(format!("{}-{} characters", number("minLength")?, number("maxLength")?));
    let amount = || Some(format!("{}, at most {}", number("default")?, number("maximum")?));
    length().or_else(amount)
}

/// A number below a million, as it is easy to read.
fn grouped(number: u64) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}

/// The schema itself, where there is only a reference to it.
fn resolved<'a>(document: &'a Node, schema: &'a Node) -> &'a Node {
    match schema.get("$ref") {
        Some(reference) => &document["components"]["schemas"][text(reference).rsplit('/').next().unwrap()],
        None => schema,
    }
}

fn text(node: &Node) -> &str {
    node.as_str().unwrap()
}
