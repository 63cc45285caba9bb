//! Writing a document whose parts keep their order.

use serde::Serialize;

/// A part of a document.
pub(super) type Node = yaml_serde::Value;

/// A mapping: `map! { "key" => value, … }`.
macro_rules! map {
    ($($key:expr => $value:expr),* $(,)?) => {{
        #[allow(unused_mut, reason = "it can be empty")]
        let mut map = yaml_serde::Mapping::new();
        $(map.insert($key.into(), $value.into());)*
        yaml_serde::Value::Mapping(map)
    }};
}
pub(super) use map;

/// A value of any kind as a part of a document.
pub(super) fn node(value: impl Serialize) -> Node {
    yaml_serde::to_value(value).unwrap()
}

/// The text of JSON as a part of a document, its fields in the order of the text.
pub(super) fn from_json(json: impl AsRef<[u8]>) -> Node {
    yaml_serde::from_slice(json.as_ref()).unwrap()
}

/// Adds an entry at the end of a mapping.
pub(super) fn add(to: &mut Node, key: &str, value: impl Into<Node>) {
    let previous = to.as_mapping_mut().unwrap().insert(key.into(), value.into());
    assert_eq!(previous, None, "{key} is there already");
}

/// The key of an example: the first words of what it says.
pub(super) fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).take(10);
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

/// A reference to a named part of the document.
pub(super) fn reference(kind: &str, name: &str) -> Node {
    map! { "$ref" => format!("#/components/{kind}/{name}") }
}

/// The text as the start of a sentence.
pub(super) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}
