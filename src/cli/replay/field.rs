//! A field of an event, as JSON has it, before it is known what it must be.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::core::name::{Name, NameError};

/// A field's value. Texts are not copied where nothing in them is escaped.
#[derive(Debug, Default)]
pub(super) enum Field<'a> {
    /// It is not there.
    #[default]
    Absent,
    Null,
    Truth(bool),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    /// A number or an object: no field is one, but for the offset.
    Other,
}

/// What is wrong with a field.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadField {
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{field} is not {expected}")]
    Kind {
        field: &'static str,
        expected: &'static str,
    },
    #[error("{field} {cause}")]
    Name { field: &'static str, cause: NameError },
}

impl<'a> Field<'a> {
    /// What `read` makes of it; `None` if it is not there, or null.
    pub(super) fn optional<'f, T>(
        &'f self,
        read: impl FnOnce(&'f Self) -> Result<T, BadField>,
    ) -> Result<Option<T>, BadField> {
        match self {
            Self::Absent | Self::Null => Ok(None),
            Self::Truth(_) | Self::Text(_) | Self::List(_) | Self::Other => read(self).map(Some),
        }
    }

    pub(super) fn text(&self, field: &'static str) -> Result<&str, BadField> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Absent => Err(BadField::Missing(field)),
            Self::Null | Self::Truth(_) | Self::List(_) | Self::Other => Err(BadField::Kind {
                field,
                expected: "a text",
            }),
        }
    }

    pub(super) fn name(&self, field: &'static str) -> Result<Name, BadField> {
        Name::parse(self.text(field)?).map_err(|cause| BadField::Name { field, cause })
    }

    pub(super) fn truth(&self, field: &'static str) -> Result<bool, BadField> {
        match self {
            Self::Truth(truth) => Ok(*truth),
            Self::Absent => Err(BadField::Missing(field)),
            Self::Null | Self::Text(_) | Self::List(_) | Self::Other => Err(BadField::Kind {
                field,
                expected: "true or false",
            }),
        }
    }

    /// As [`Self::truth`]; `otherwise` if it is not there.
    pub(super) fn truth_or(&self, otherwise: bool, field: &'static str) -> Result<bool, BadField> {
        match self {
            Self::Absent => Ok(otherwise),
            Self::Null | Self::Truth(_) | Self::Text(_) | Self::List(_) | Self::Other => self.truth(field),
        }
    }

    pub(super) fn list(&self, field: &'static str) -> Result<&[Self], BadField> {
        match self {
            Self::List(items) => Ok(items),
            Self::Absent => Err(BadField::Missing(field)),
            Self::Null | Self::Truth(_) | Self::Text(_) | Self::Other => Err(BadField::Kind {
                field,
                expected: "a list",
            }),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

/// Takes whatever comes.
struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Field<'de>, E> {
        Ok(Field::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Field<'de>, E> {
        Ok(Field::Truth(truth))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Field<'de>, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Field<'de>, E> {
        Ok(Field::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E: Error>(self, _number: i64) -> Result<Field<'de>, E> {
        Ok(Field::Other)
    }

    fn visit_u64<E: Error>(self, _number: u64) -> Result<Field<'de>, E> {
        Ok(Field::Other)
    }

    fn visit_f64<E: Error>(self, _number: f64) -> Result<Field<'de>, E> {
        Ok(Field::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Field<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Field::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Field<'de>, A::Error> {
        while let Some((IgnoredAny, IgnoredAny)) = members.next_entry()? {}
        Ok(Field::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(json: &str) -> Field<'_> {
        serde_json::from_str(json).expect("json")
    }

    #[test]
    fn a_field_says_what_is_wrong_with_it() {
        let said = |result: Result<(), BadField>| result.expect_err("no such field").to_string();
        let name = |json| said(field(json).name("cuff").map(drop));
        assert_eq!(said(Field::Absent.text("cuff").map(drop)), "cuff is missing");
        assert_eq!(name("null"), "cuff is not a text");
        assert_eq!(name("[]"), "cuff is not a text");
        assert_eq!(name("\"\""), "cuff is empty");
        assert_eq!(
            said(field("1").truth("bonded").map(drop)),
            "bonded is not true or false"
        );
        assert_eq!(
            said(field("null").truth_or(true, "bonded").map(drop)),
            "bonded is not true or false"
        );
        assert_eq!(said(field("{}").list("values").map(drop)), "values is not a list");
    }

    #[test]
    fn texts_are_read_with_and_without_escapes() {
        for (json, copied) in [("\"0aff\"", false), ("\"\\u0030aff\"", true)] {
            let field = field(json);
            assert_eq!(field.text("value").expect("a text"), "0aff");
            assert_eq!(matches!(field, Field::Text(Cow::Owned(_))), copied);
        }
    }

    #[test]
    fn only_a_boolean_field_takes_null_for_a_mistake() {
        assert!(matches!(field("null").optional(|field| field.text("by")), Ok(None)));
        assert!(matches!(Field::Absent.optional(|field| field.text("by")), Ok(None)));
        assert!(field("5").optional(|field| field.text("by")).is_err());
        assert_eq!(Field::Absent.truth_or(true, "bonded").ok(), Some(true));
        assert_eq!(field("false").truth_or(true, "bonded").ok(), Some(false));
    }
}
