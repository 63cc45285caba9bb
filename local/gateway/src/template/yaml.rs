//! A YAML document with the line of each part and CloudFormation's short-form tags.

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};

use super::error::TemplateError;

/// A part of a document.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The line that the part begins on, counted from 1.
    pub(super) line: usize,
    /// The name of its tag without the exclamation mark: `Ref` for `!Ref`.
    pub(super) tag: Option<String>,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

impl Node {
    /// Parses the first document of a text.
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let documents = MarkedYaml::load_from_str(text)
            .map_err(|error| TemplateError { line: error.marker().line(), reason: error.info().to_owned() })?;
        match documents.first() {
            Some(document) => Self::read(document),
            None => Err(TemplateError { line: 1, reason: "the template is empty".to_owned() }),
        }
    }

    fn read(yaml: &MarkedYaml<'_>) -> Result<Self, TemplateError> {
        let line = yaml.span.start.line();
        let (tag, data) = match &yaml.data {
            YamlData::Tagged(tag, inner) => (Some(tag.suffix.clone()), &inner.data),
            data => (None, data),
        };
        let unreadable = |part: &str| TemplateError { line, reason: format!("{part} cannot be read") };
        let value = match data {
            YamlData::Value(scalar) => Value::Scalar(scalar_text(scalar)),
            YamlData::Sequence(items) => Value::Sequence(items.iter().map(Self::read).collect::<Result<_, _>>()?),
            YamlData::Mapping(entries) => {
                let entries = entries.iter().map(|(key, value)| match &key.data {
                    YamlData::Value(key) => Ok((scalar_text(key), Self::read(value)?)),
                    _ => Err(unreadable("a key that is not a text")),
                });
                Value::Mapping(entries.collect::<Result<_, _>>()?)
            }
            _ => return Err(unreadable("this value")),
        };
        Ok(Self { line, tag, value })
    }

    /// Returns the value under a key of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// Returns the value at the end of a path of keys.
    pub(super) fn path(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns the value under a required key.
    pub(super) fn require(&self, key: &str) -> Result<&Self, TemplateError> {
        self.get(key).ok_or_else(|| self.error(format!("{key} is missing")))
    }

    /// Returns the entries of a mapping, or none for any other value.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let entries = if let Value::Mapping(entries) = &self.value { entries.as_slice() } else { &[] };
        entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Returns the items of a list, or the part itself if it is no list. Many properties accept both.
    pub(super) fn items(&self) -> &[Self] {
        if let Value::Sequence(items) = &self.value { items } else { std::slice::from_ref(self) }
    }

    /// Returns whether the part is this text.
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(&self.value, Value::Scalar(value) if value == text)
    }

    /// Returns an error that points at this part.
    pub(super) fn error(&self, reason: impl Into<String>) -> TemplateError {
        TemplateError { line: self.line, reason: reason.into() }
    }
}

fn scalar_text(scalar: &Scalar<'_>) -> String {
    match scalar {
        Scalar::Null => String::new(),
        Scalar::Boolean(value) => value.to_string(),
        Scalar::Integer(value) => value.to_string(),
        Scalar::FloatingPoint(value) => value.to_string(),
        Scalar::String(value) => value.to_string(),
    }
}
