//! Parses the input of clients into types that are valid once they exist.

use serde::de::{DeserializeOwned, Deserializer};
use serde_json::{Map, Value};

/// Parses a `T`.
///
/// # Errors
/// The message for the client, which names the field and the rule that it violates, as in `"email"
/// is required`.
pub fn read<'de, T, D>(deserializer: D) -> Result<T, String>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let field = error.path().to_string();
        explain(&field, &error.into_inner().to_string())
    })
}

/// Parses a `T` from the text of a JSON object; see [`read`].
///
/// # Errors
/// The message for the client.
pub fn read_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(json).map_err(|_| "the body must be a JSON object".to_owned())?;
    read(Value::Object(object))
}

/// Parses a `T` from query parameters; see [`read`]. A parameter without a value counts as absent.
///
/// # Errors
/// The message for the client.
pub fn read_parameters<T: DeserializeOwned>(
    parameters: impl IntoIterator<Item = (String, String)>,
) -> Result<T, String> {
    let non_empty = parameters.into_iter().filter(|(_, value)| !value.is_empty());
    read(Value::Object(non_empty.map(|(name, value)| (name, Value::String(value))).collect()))
}

/// Translates serde's message about a field into the contract's wording.
///
/// serde names a missing or duplicate field in its message, and any other invalid field by its
/// path.
fn explain(field: &str, message: &str) -> String {
    let quoted = |start: &str| message.strip_prefix(start).and_then(|rest| rest.split('`').next());
    if let Some(missing) = quoted("missing field `") {
        return format!("\"{missing}\" is required");
    }
    if let Some(duplicate) = quoted("duplicate field `") {
        return format!("\"{duplicate}\" is given more than once");
    }
    if message.starts_with("invalid type: ") || message.starts_with("invalid value: ") {
        let expected = message.rsplit_once("expected ").map_or("of another type", |(_, expected)| expected);
        return format!("\"{field}\" must be {expected}");
    }
    format!("\"{field}\" {message}")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::values::email::EmailAddress;
    use crate::values::ids::UserId;
    use crate::values::limit::Limit;
    use crate::values::text::ClientId;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Input {
        #[expect(dead_code, reason = "the tests look only at the errors")]
        email: EmailAddress,
        #[expect(dead_code, reason = "the tests look only at the errors")]
        user_id: Option<UserId>,
        client_id: Option<ClientId>,
    }

    fn refusal(json: &str) -> String {
        read_json::<Input>(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn every_refusal_names_the_field_and_the_rule() {
        assert_eq!(refusal("{}"), "\"email\" is required");
        assert_eq!(refusal(r#"{"email":5}"#), "\"email\" must be a string");
        assert_eq!(refusal(r#"{"email":null}"#), "\"email\" must be a string");
        assert_eq!(refusal(r#"{"email":"ada"}"#), "\"email\" must be a valid e-mail address");
        assert_eq!(
            refusal(r#"{"email":"a@example.com","userId":"x"}"#),
            "\"userId\" must be an id of 24 lower-case hex digits"
        );
        assert_eq!(
            refusal(r#"{"email":"a@example.com","clientId":""}"#),
            "\"clientId\" must be 1 to 64 characters long"
        );
    }

    #[test]
    fn a_body_that_is_not_an_object_is_refused() {
        for body in ["", "{", "[]", "\"text\"", "\u{0}"] {
            assert_eq!(refusal(body), "the body must be a JSON object", "for {body:?}");
        }
    }

    #[test]
    fn a_parameter_without_a_value_counts_as_absent() {
        #[derive(Deserialize)]
        struct Query {
            search: Option<ClientId>,
            #[serde(default)]
            limit: Limit<10, 20>,
        }
        let query: Query = read_parameters([("search".to_owned(), String::new())]).unwrap();
        assert!(query.search.is_none());
        assert_eq!(query.limit.get(), 10);
    }

    #[test]
    fn unknown_fields_and_absent_optional_fields_are_accepted() {
        let input: Input = read_json(br#"{"email":"a@example.com","other":1}"#).unwrap();
        assert!(input.client_id.is_none());
    }
}
