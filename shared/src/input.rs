//! Turning what clients send into types that are valid from then on.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::{Map, Value};

/// Reads a `T` and, where that fails, says which field is wrong and what it has to be,
/// as in `"email" is required`.
///
/// # Errors
/// The message for the client.
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

/// Reads a `T` from the text of a JSON object; see [`read`].
///
/// # Errors
/// The message for the client.
pub fn read_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(json).map_err(|_| "the body must be a JSON object".to_owned())?;
    read(Value::Object(object))
}

/// Reads a `T` from query parameters; see [`read`]. A parameter without a value counts as absent.
///
/// # Errors
/// The message for the client.
pub fn read_parameters<T: DeserializeOwned>(
    parameters: impl IntoIterator<Item = (String, String)>,
) -> Result<T, String> {
    let given = parameters.into_iter().filter(|(_, value)| !value.is_empty());
    read(Value::Object(given.map(|(name, value)| (name, Value::String(value))).collect()))
}

/// Puts serde's message about a field into the words of the contract.
///
/// serde names a missing field in its message and every other wrong field by its path.
fn explain(field: &str, message: &str) -> String {
    let quoted = |start: &str| message.strip_prefix(start).and_then(|rest| rest.split('`').next());
    if let Some(missing) = quoted("missing field `") {
        return format!("\"{missing}\" is required");
    }
    if let Some(twice) = quoted("duplicate field `") {
        return format!("\"{twice}\" is given more than once");
    }
    if message.starts_with("invalid type: ") || message.starts_with("invalid value: ") {
        let expected = message.rsplit_once("expected ").map_or("of another type", |(_, expected)| expected);
        return format!("\"{field}\" must be {expected}");
    }
    format!("\"{field}\" {message}")
}

/// How many items a client wants at once: 1 to `MAX`, and `DEFAULT` when it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Limit<const DEFAULT: usize, const MAX: usize>(usize);

impl<const DEFAULT: usize, const MAX: usize> Limit<DEFAULT, MAX> {
    /// The number of items.
    pub fn get(self) -> usize {
        self.0
    }
}

impl<const DEFAULT: usize, const MAX: usize> Default for Limit<DEFAULT, MAX> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const DEFAULT: usize, const MAX: usize> TryFrom<String> for Limit<DEFAULT, MAX> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let limit = text.parse().ok().filter(|limit| (1..=MAX).contains(limit));
        limit.map(Self).ok_or_else(|| format!("must be a number from 1 to {MAX}"))
    }
}

#[cfg(test)]
impl<const DEFAULT: usize, const MAX: usize> schemars::JsonSchema for Limit<DEFAULT, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Limit{DEFAULT}To{MAX}").into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": MAX, "default": DEFAULT })
    }
}

/// The number of a message in its chat, or 0 for the time before the first one.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Seq(i64);

impl Seq {
    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<String> for Seq {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().ok().filter(|seq| *seq >= 0).map(Self).ok_or("must be the seq of a message")
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Seq {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seq".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The number of a message in its chat, or 0 for the time before the first one.",
            "type": "integer",
            "format": "int64",
            "minimum": 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{email::EmailAddress, ids::UserId, text::ClientId};

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Input {
        #[expect(dead_code, reason = "only the refusals are looked at")]
        email: EmailAddress,
        #[expect(dead_code, reason = "only the refusals are looked at")]
        user_id: Option<UserId>,
        client_id: Option<ClientId>,
    }

    fn refusal(json: &str) -> String {
        read_json::<Input>(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn every_refusal_names_the_field_and_what_it_has_to_be() {
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
    fn a_body_that_is_no_object_is_refused() {
        for body in ["", "{", "[]", "\"text\"", "\u{0}"] {
            assert_eq!(refusal(body), "the body must be a JSON object", "for {body:?}");
        }
    }

    #[test]
    fn a_limit_is_a_number_within_its_bounds() {
        let limit = |text: &str| Limit::<100, 500>::try_from(text.to_owned());
        assert_eq!(limit("500").unwrap().get(), 500);
        for wrong in ["", "0", "501", "-1", "ten"] {
            assert_eq!(limit(wrong).unwrap_err(), "must be a number from 1 to 500", "for {wrong:?}");
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
    fn unknown_and_absent_optional_fields_are_fine() {
        let input: Input = read_json(br#"{"email":"a@example.com","other":1}"#).unwrap();
        assert!(input.client_id.is_none());
    }
}
