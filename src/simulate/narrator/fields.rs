//! A message's JSON, one field a line, in the order in which it was sent.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of `payload`, each on a line, its value as it was sent; `None` if it is no JSON object.
#[must_use]
pub fn lines(payload: &[u8]) -> Option<String> {
    let Fields(fields) = serde_json::from_slice(payload).ok()?;
    let line = |(name, value): &(String, Box<RawValue>)| format!("{name}: {value}");
    Some(fields.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// An object's names and values, in order: a map of the JSON library's would sort them.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_their_values() {
        let payload = br#"{"schema":"x/1","b":120.30,"a":{"y":1,"x":[ ]}}"#;
        assert_eq!(
            lines(payload).as_deref(),
            Some("schema: \"x/1\"\nb: 120.30\na: {\"y\":1,\"x\":[ ]}")
        );
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        for payload in [&b""[..], b"[]", b"7", b"{", b"\xff"] {
            assert_eq!(lines(payload), None, "{payload:?}");
        }
    }
}
