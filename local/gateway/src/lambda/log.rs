//! The output of functions.

use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::template::Function;

/// Prints the output of a process until it ends, with the function's name before each line. A line
/// of JSON is shortened for human readers.
pub(super) fn forward(output: Option<impl AsyncRead + Send + Unpin + 'static>, function: &Function) {
    let Some(output) = output else { return };
    let (name, is_json) = (function.name.clone(), function.json_logs);
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let readable = is_json.then(|| readable(&line)).flatten().unwrap_or(line);
            println!("[{name}] {readable}");
        }
    });
}

/// Returns the level, the message and the fields of an event in the format of the crate `tracing`.
/// Returns `None` for any other line.
fn readable(line: &str) -> Option<String> {
    let mut event: Map<String, Value> = serde_json::from_str(line).ok()?;
    let Value::String(level) = event.remove("level")? else { return None };
    let mut fields = match event.remove("fields")? {
        Value::Object(fields) => fields,
        _ => return None,
    };
    let message = fields.remove("message").map(|message| text(&message)).unwrap_or_default();
    let span = match event.remove("span") {
        Some(Value::Object(span)) => span,
        _ => Map::new(),
    };
    let fields = fields.iter().chain(span.iter().filter(|(name, _)| *name != "name"));
    let fields = fields.map(|(name, value)| format!(" {name}={}", text(value)));
    Some(format!("{level} {message}{}", fields.collect::<String>()))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn an_event_is_shortened() {
        let line = concat!(
            r#"{"timestamp":"2026-11-24T12:00:00Z","level":"WARN","#,
            r#""fields":{"message":"push failed","reason":"x"},"target":"t","#,
            r#""span":{"requestId":"1","name":"Lambda runtime invoke"},"spans":[]}"#,
        );

        assert_eq!(readable(line).unwrap(), "WARN push failed reason=x requestId=1");
    }

    #[test]
    fn any_other_line_stays_as_it_is() {
        for line in ["plain text", r#"{"a":1}"#, "[1]", r#"{"level":1,"fields":{}}"#] {
            assert_eq!(readable(line), None, "{line}");
        }
    }
}
